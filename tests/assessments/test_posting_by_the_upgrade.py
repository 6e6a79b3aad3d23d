"""Work that was final before grades were posted counts as posted since its grade."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.users.models import Enrollment
from tests.assessments.test_rows_from_before import migrate

HANDED_IN, GRADED = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
REASON = "The upgrade: work that was final counts as posted at the moment of its grade."


@pytest.mark.django_db(transaction=True)
def test_final_work_counts_as_posted_at_the_moment_of_its_grade(
    courses: Any, student: Any, capsys: Any
):
    course, people = courses["BIO101"], [student(f"s400{number}") for number in range(4)]
    for one in people:
        Enrollment.objects.create(student=one, course=course)
    old = migrate(("assessments", "0006_the_grading_desk"))
    assessment = old.get_model("assessments", "Assessment")._base_manager.create(
        course_id=course.pk, code="T"
    )
    work = old.get_model("assessments", "AssessmentSubmission")._base_manager
    usual = {"assessment": assessment, "maximum": 100}
    for one, values in zip(
        people,
        (
            {"status": "finalized", "score": 50, "submitted_at": HANDED_IN, "graded_at": GRADED},
            {"status": "finalized", "score": 60, "submitted_at": HANDED_IN},
            {"status": "finalized", "score": 70},
            {"status": "graded", "score": 80, "graded_at": GRADED},
        ),
        strict=True,
    ):
        work.create(student_id=one.pk, **usual, **values)
    capsys.readouterr()
    migrate()
    assert (
        "assessments_submission, final: 3 counts as posted at the moment of its grade. Nothing "
        "else was changed."
    ) in capsys.readouterr().out
    rows = list(AssessmentSubmission.objects.order_by("pk"))
    assert [row.posted_at for row in rows[:2]] == [GRADED, HANDED_IN]
    assert (rows[2].posted_at is not None, rows[3].posted_at) == (True, None)
    for row in rows[:3]:
        newest = AssessmentSubmission.history.filter(id=row.pk).first()
        assert (newest.posted_at, newest.history_change_reason) == (row.posted_at, REASON)
        assert newest.change_set.reason == REASON
