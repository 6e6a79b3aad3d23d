"""A score may exceed the maximum by the bonus points of the assessment, and by no more."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from backoffice.apps.assessments.grading.marked_work import marked_work, work_to_mark
from backoffice.apps.assessments.grading.writing import GradeInput, write_grade
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.models import Enrollment
from tests.actions import do, refused

pytestmark = pytest.mark.django_db
ABOVE = "The score is above the maximum score of the assessment."


@pytest.fixture
def work(course: Any, student: Any) -> AssessmentSubmission:
    """Work that waits, for an assessment of 100 points and 5 more."""
    author = student("s1001")
    Enrollment.objects.create(course=course, student=author, enrolled_on="2026-02-01")
    task = Assessment.objects.create(course=course, code="TMA01", bonus_points=5)
    return AssessmentSubmission.objects.create(assessment=task, student=author)


def test_the_dialog_takes_exactly_so_much(work, instructor_client):
    assert refused(do(instructor_client, work, "grade", score="105.01")) == {"score": [ABOVE]}
    assert do(instructor_client, work, "grade", score="105").status_code == 302
    work.refresh_from_db()
    assert (work.score, work.maximum, work.limit) == (105, 100, 105)


def test_one_save_takes_exactly_so_much(work, instructor):
    version = marked_work(work_to_mark().get()).version
    with pytest.raises(ValidationError) as refusal:
        write_grade(work.pk, GradeInput(version, score=Decimal("105.01")), instructor)
    assert refusal.value.message_dict == {"score": ["The score is from 0 to 105 points."]}
    write_grade(work.pk, GradeInput(version, score=Decimal(105)), instructor)


def test_the_database_takes_exactly_so_much(work):
    rows = AssessmentSubmission.objects.all()
    rows.update(score=105, status="graded")
    with pytest.raises(IntegrityError, match="submission_score_within"), transaction.atomic():
        rows.update(score=Decimal("105.01"))


def test_a_file_takes_exactly_so_much(upload, import_file, work):
    header = "student_id,assessment_id,course_code,presentation,score\n"
    batch = upload("grades", f"{header}s1001,TMA01,BIO101,2026J,106\n")
    assert [issue.message for issue in batch.issues.all()] == [f"Line 2: score “106”: {ABOVE}"]
    import_file("grades", f"{header}s1001,TMA01,BIO101,2026J,105\n")
    assert AssessmentSubmission.objects.get().score == 105


def test_the_bonus_is_not_lowered_below_points_somebody_has(work):
    AssessmentSubmission.objects.update(score=103, status="graded")
    task = work.assessment
    task.bonus_points = 2
    with pytest.raises(ValidationError) as refusal:
        task.full_clean()
    assert refusal.value.message_dict == {
        "max_score": ["There are already more points than this. Correct those first."]
    }
    task.bonus_points = 3
    task.full_clean()
