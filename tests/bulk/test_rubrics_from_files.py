"""Rubrics come from files as Canvas writes them: a row is a criterion with groups of ratings."""

from decimal import Decimal
from typing import Any

import pytest

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User

HEADER = "Rubric Name,Criteria Name,Criteria Description,Criteria Enable Range"
GROUP = ",Rating Name,Rating Description,Rating Points"
ESSAY = f"""{HEADER}{GROUP}{GROUP}{GROUP}
Essay,Argument,Is it supported?,true,Strong,Every claim,10,Weak,Some claims,4.5,None,,0
Talk,Voice,,false,Clear,,5,Unclear,,0,,,
Essay,Sources,,,Many,,6,Few,,2,,,
"""


@pytest.fixture
def course(courses: dict[str, Course], instructor: User) -> Course:
    """The only one the instructor teaches."""
    Course.objects.filter(pk=courses["BIO101"].pk).update(instructor=instructor)
    return courses["BIO101"]


@pytest.fixture
def bring(bring_in: Any, instructor: User) -> Any:
    """Brings rubrics in, as their instructor."""
    return lambda text, **options: bring_in("rubrics", text, **{"actor": instructor} | options)


@pytest.fixture
def look(upload: Any, instructor: User) -> Any:
    """Uploads and previews rubrics, as their instructor."""
    return lambda text, **options: upload("rubrics", text, **{"actor": instructor} | options)


def stored() -> list[tuple[str, int, str, str, bool, Decimal, list[tuple[str, str, Decimal]]]]:
    """All rubrics, criterion by criterion, each with its levels."""
    return [
        (
            c.rubric.title,
            c.position,
            c.title,
            c.description,
            c.has_ranges,
            c.max_points,
            [(level.title, level.description, level.points) for level in c.levels.all()],
        )
        for c in RubricCriterion.objects.order_by("rubric__title", "position")
    ]


def counts(batch: Any) -> tuple[int, ...]:
    return batch.rows, batch.created, batch.updated, batch.unchanged, batch.rejected


def told(batch: Any) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def history() -> int:
    models = (GradingRubric, RubricCriterion, RubricLevel)
    return sum(model.history.count() for model in models)


def test_a_file_makes_rubrics_criteria_and_ratings(bring, course):
    batch = bring(ESSAY)

    assert counts(batch) == (3, 3, 0, 0, 0)
    assert {(r.title, r.course, r.version) for r in GradingRubric.objects.all()} == {
        ("Essay", course, 1),
        ("Talk", course, 1),
    }
    strong = [
        ("Strong", "Every claim", 10),
        ("Weak", "Some claims", Decimal("4.5")),
        ("None", "", 0),
    ]
    assert stored() == [
        ("Essay", 1, "Argument", "Is it supported?", True, 10, strong),
        ("Essay", 2, "Sources", "", False, 6, [("Many", "", 6), ("Few", "", 2)]),
        ("Talk", 1, "Voice", "", False, 5, [("Clear", "", 5), ("Unclear", "", 0)]),
    ]
    for model in (GradingRubric, RubricCriterion, RubricLevel):
        for row in model.objects.all():
            row.full_clean()
            assert row.history.get().change_set == batch.change_set
    assert RubricLevel.history.get(title="Few").line == 4
    assert RubricCriterion.history.get(title="Sources").line == 4
    assert GradingRubric.history.get(title="Essay").line == 2


def test_the_same_file_again_changes_nothing(bring, course):
    bring(ESSAY)
    before = history()
    again = bring(ESSAY)

    assert (counts(again), history()) == ((3, 0, 0, 3, 0), before)
