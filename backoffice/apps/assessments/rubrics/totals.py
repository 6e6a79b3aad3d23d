"""What a rubric gives at most."""

from collections.abc import Iterable
from decimal import Decimal

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion

NONE = Decimal(0)


def rubric_total(rubric: GradingRubric) -> Decimal:
    """The most points a rubric gives: those of the criteria that add."""
    return total_of(rubric.criteria.all())


def total_of(criteria: Iterable[RubricCriterion]) -> Decimal:
    """The most points these criteria give together."""
    return sum((each.max_points for each in criteria if not each.is_deduction), NONE)
