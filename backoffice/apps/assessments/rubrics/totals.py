"""What a rubric gives at most, and the score that points by criterion come to."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion

NONE = Decimal(0)


def rubric_total(rubric: GradingRubric) -> Decimal:
    """The most points a rubric gives: those of the criteria that add."""
    return total_of(rubric.criteria.all())


def total_of(criteria: Iterable[RubricCriterion]) -> Decimal:
    """The most points these criteria give together."""
    return sum((each.max_points for each in criteria if not each.is_deduction), NONE)


def score_of(
    points_by_criterion: Mapping[int, Decimal], criteria: Iterable[RubricCriterion], cap: Decimal
) -> Decimal:
    """The score in points, from 0 to the cap: what the criteria add, without what they deduct.

    `points_by_criterion` holds the points by the key of their criterion; criteria without any count
    as 0, and points for a criterion that is not among these do not count.
    """
    added = deducted = NONE
    for criterion in criteria:
        points = points_by_criterion.get(criterion.pk, NONE)
        if criterion.is_deduction:
            deducted += points
        else:
            added += points
    return max(NONE, min(cap, added - deducted))
