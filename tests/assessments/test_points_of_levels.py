"""Points are those of their level, or within its range: one rule for model and database."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.users.models import Enrollment

pytestmark = pytest.mark.django_db
MOST = 40


def expected(levels: list[int], chosen: int | None, points: int, ranges: bool) -> bool:
    """In tenths of a point, told level by level: whether the points go with the choice."""
    if chosen is None:
        return not levels
    if points == levels[chosen]:
        return True
    if not ranges or points > levels[chosen]:
        return False
    return all(points > other for other in levels if other < levels[chosen])


@st.composite
def choices(draw: Any) -> tuple[list[int], int | None, int, bool]:
    """Levels in tenths of a point, one of them or none, and points near their ends."""
    levels = draw(st.lists(st.integers(0, MOST), max_size=4))
    chosen = draw(st.none() | st.sampled_from(range(len(levels)))) if levels else None
    near = [each + step for each in levels for step in (-1, 0, 1)]
    points = draw(st.sampled_from([each for each in near if 0 <= each <= MOST] or [0, MOST]))
    return levels, chosen, points, draw(st.booleans())


@pytest.fixture
def marks(course: Any, student: Any) -> list[Any]:
    """A row of either kind that points are given in, not stored yet."""
    author, mate = student("s1001"), student("s1002")
    for person in (author, mate):
        Enrollment.objects.create(course=course, student=person)
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    task = Assessment.objects.create(course=course, code="TMA01", rubric=rubric)
    work = AssessmentSubmission.objects.create(assessment=task, student=author)
    review = PeerReview.objects.create(submission=work, reviewer=mate)
    return [CriterionScore(submission=work), PeerReviewScore(review=review)]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(choices())
def test_model_and_database_take_the_same_points(marks, chosen):
    levels, place, points, ranges = chosen
    rubric = GradingRubric.objects.get()
    with transaction.atomic():
        criterion = RubricCriterion.objects.create(
            rubric=rubric, position=1, title="A", max_points=Decimal(MOST) / 10, has_ranges=ranges
        )
        made = [
            RubricLevel.objects.create(
                criterion=criterion, title=f"Level {number}", points=Decimal(tenths) / 10
            )
            for number, tenths in enumerate(levels)
        ]
        for row in marks:
            row.criterion, row.level = criterion, None if place is None else made[place]
            row.points, row.maximum = Decimal(points) / 10, criterion.max_points
            is_taken = expected(levels, place, points, ranges)
            rule = next(each for each in row.trigger_rules if each.code == "not_of_level")
            assert rule.is_broken(row) is not is_taken
            assert is_stored(row) is is_taken
        transaction.set_rollback(True)


def is_stored(row: Any) -> bool:
    rows = type(row)._base_manager
    with suppress(IntegrityError), transaction.atomic():
        rows.bulk_create([row])
    outcome = rows.exists()
    rows.all().delete()
    row.pk = None
    return outcome
