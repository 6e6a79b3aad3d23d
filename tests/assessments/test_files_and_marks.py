"""What a grade file does to work with marks of its own, and to work that was late."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
)
from backoffice.apps.users.models import Enrollment
from backoffice.bulk.undo.undo import undo

HEADER = "student_id,assessment_id,course_code,presentation,score,submitted_on\n"
WHY = "Corrected by the faculty board."

pytestmark = pytest.mark.django_db


@pytest.fixture
def marked(essay: GradingRubric, student: Any) -> AssessmentSubmission:
    """Work that two criteria give 14.5 points."""
    author = student("s1001")
    Enrollment.objects.create(course=essay.course, student=author, enrolled_on="2026-02-01")
    due = datetime(2026, 3, 1, 12, tzinfo=UTC)
    task = Assessment.objects.create(course=essay.course, code="TMA01", rubric=essay, due_date=due)
    work = AssessmentSubmission.objects.create(assessment=task, student=author)
    for criterion in essay.criteria.all():
        level = criterion.levels.order_by("-points").first()
        CriterionScore.objects.create(
            submission=work, criterion=criterion, level=level, points=level.points
        )
    return AssessmentSubmission.objects.get()


def row(score: object, on: str = "2026-03-01", who: str = "s1001") -> str:
    return f"{HEADER}{who},TMA01,BIO101,2026J,{score},{on}\n"


def test_a_score_beside_the_criteria_is_said_and_marked(upload, import_file, marked, registrar):
    text = row("12")
    assert [issue.message for issue in upload("grades", text).issues.all()] == [
        "Line 2: score “12” replaces 14.5, which criteria or questions give. The score is marked "
        "as an override."
    ]
    batch = import_file("grades", text)
    work = AssessmentSubmission.objects.get()
    assert (work.score, work.computed_score, work.is_override) == (12, marked.computed_score, True)
    assert work.override_reason == "The score came from a file."
    assert work.version == marked.version + 1
    undo(batch, registrar)
    work = AssessmentSubmission.objects.get()
    assert (work.score, work.override_reason) == (marked.score, "")


def test_the_score_that_the_criteria_give_is_no_override(import_file, marked):
    import_file("grades", row("12"))
    import_file("grades", row("14.5"))
    work = AssessmentSubmission.objects.get()
    assert (work.is_override, work.override_reason) == (False, "")


@pytest.mark.parametrize(("day", "is_late"), [("2026-03-01", False), ("2026-03-02", True)])
def test_a_file_with_the_day_makes_work_late_or_not(import_file, marked, student, day, is_late):
    other = student("s1002")
    course = marked.assessment.course
    Enrollment.objects.create(course=course, student=other, enrolled_on="2026-02-01")
    import_file("grades", row("14.5", day) + row("70", day, "s1002").removeprefix(HEADER))
    works = AssessmentSubmission.objects.order_by("pk")
    assert [work.is_late for work in works] == [is_late, is_late]
    assert works[1].history.count() == 1
