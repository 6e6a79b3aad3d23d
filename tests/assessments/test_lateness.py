"""Work is late when it was handed in after it was due, whoever writes either of the two."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.models import Enrollment
from tests.actions import do

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(course: Any, student: Any) -> AssessmentSubmission:
    """Work that was handed in an hour after it was due."""
    author = student("s1001")
    Enrollment.objects.create(course=course, student=author)
    essay = Assessment.objects.create(
        course=course, code="TMA01", due_date=DUE, allow_late_submission=True
    )
    return AssessmentSubmission.objects.create(
        assessment=essay, student=author, submitted_at=DUE + HOUR
    )


def is_late(work: AssessmentSubmission) -> bool:
    return AssessmentSubmission.objects.get(pk=work.pk).is_late


def test_a_row_saved_by_a_script_is_late(work):
    assert is_late(work)
    work.submitted_at = DUE
    work.save(update_fields=["submitted_at"])
    assert not is_late(work)


def test_a_due_date_that_moves_takes_lateness_with_it(work):
    work.assessment.due_date = DUE + 2 * HOUR
    work.assessment.save()
    assert not is_late(work)
    Assessment.objects.update(due_date=DUE)
    assert is_late(work)
    Assessment.objects.update(due_date=None)
    assert not is_late(work)


def test_a_moved_due_date_is_in_the_history_of_the_work(work):
    before = work.history.count()
    Assessment.objects.update(due_date=DUE + 2 * HOUR)
    assert work.history.count() == before + 1
    assert work.history.latest("history_id").is_late is False


def test_an_update_past_the_model_does_not_set_it(work):
    AssessmentSubmission.objects.update(is_late=False)
    assert is_late(work)
    AssessmentSubmission.objects.update(submitted_at=None, is_late=True)
    assert not is_late(work)


def test_rows_made_at_once_are_late(work, student):
    other = student("s1002")
    Enrollment.objects.create(course=work.assessment.course, student=other)
    row = AssessmentSubmission(
        assessment=work.assessment, student=other, submitted_at=DUE + HOUR, maximum=100
    )
    AssessmentSubmission.objects.bulk_create([row])
    assert is_late(row)


def test_taking_work_in_by_hand_says_whether_it_is_late(work, instructor_client):
    AssessmentSubmission.objects.update(status="in_progress", submitted_at=None)
    assert not is_late(work)
    values = {"submitted_at_0": "2026-03-02", "submitted_at_1": "09:00:00"}
    answer = do(instructor_client, work, "take_in", reason="It came by post.", **values)
    assert answer.status_code == 302
    assert is_late(work)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.none() | st.integers(-3, 3), st.none() | st.integers(-3, 3))
def test_model_and_database_agree(work, due, handed_in):
    times = [None if each is None else DUE + timedelta(seconds=each) for each in (due, handed_in)]
    work.assessment.due_date, work.submitted_at = times
    work.derive()
    expected = work.is_late
    Assessment.objects.update(due_date=times[0])
    AssessmentSubmission.objects.update(submitted_at=times[1], is_late=not expected)
    assert is_late(work) is expected
    assert expected is (None not in (due, handed_in) and handed_in > due)
