"""A new or changed score of somebody withdrawn, without the day of the work, is pointed out."""

import pytest

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch

HEADER = "student_id,assessment_id,score\n"


@pytest.fixture
def essay(courses, student) -> Assessment:
    """Of BIO101, which s001 takes, s002 left, and s003 has completed."""
    for number, status in enumerate(("active", "withdrawn", "completed"), 1):
        Enrollment.objects.create(
            student=student(f"s00{number}"),
            course=courses["BIO101"],
            status=status,
            enrolled_on="2026-02-01",
            withdrawn_on="2026-03-01" if status == "withdrawn" else None,
        )
    return Assessment.objects.create(course=courses["BIO101"], code="ESSAY", max_score=100)


def warned(batch: Batch) -> list[str]:
    return list(batch.issues.filter(code="undated_of_withdrawn").values_list("message", flat=True))


def graded(essay: Assessment, score: float) -> None:
    values = {"score": score, "status": "graded", "submitted_at": "2026-02-20T00:00Z"}
    student = Enrollment.objects.get(student__student_id="s002").student
    AssessmentSubmission.objects.create(assessment=essay, student=student, **values)


def test_a_new_score_of_somebody_withdrawn_is_a_warning(import_file, essay):
    text = HEADER + "s001,ESSAY,40\ns002,ESSAY,41\ns003,ESSAY,42\n"
    batch = import_file("grades", text)

    assert warned(batch) == [
        "Line 3: score “41”: the student is withdrawn, and the file does not say when this was "
        "handed in."
    ]
    assert batch.created == 3


@pytest.mark.parametrize(("score", "is_warned"), [("40", False), ("41", True), ("", False)])
def test_a_changed_score_is_one_and_what_is_stored_already_is_none(upload, essay, score, is_warned):
    graded(essay, 40)

    assert bool(warned(upload("grades", HEADER + f"s002,ESSAY,{score}\n"))) is is_warned


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        ("2026-02-20", set()),
        ("2026-03-09", {"submitted_after_withdrawal"}),
        ("", {"undated_of_withdrawn"}),
    ],
)
def test_the_day_of_the_work_says_whether_it_is_of_before(upload, essay, day, codes):
    text = f"student_id,assessment_id,score,submitted_on\ns002,ESSAY,40,{day}\n"
    batch = upload("grades", text)

    assert set(batch.issues.values_list("code", flat=True)) == codes


def test_a_blank_score_of_somebody_withdrawn_is_none(upload, essay):
    assert warned(upload("grades", HEADER + "s002,ESSAY,\n")) == []
