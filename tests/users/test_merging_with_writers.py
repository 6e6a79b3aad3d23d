"""Others write while two records are merged: nothing is lost, and nothing is left behind unseen."""

import threading
import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.merging.late_rows import merged_records
from backoffice.apps.users.merging.requests import request_merge, request_undo
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Approval
from tests.connections import somebody
from tests.users.twins import BACK, WHY, agreed, merged, undone, work

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def in_thread(
    approval: Approval, second: User, refusals: list[User] | None = None
) -> threading.Thread:
    """The second person agrees, on a connection of their own."""

    refusals = [] if refusals is None else refusals

    def run() -> None:
        try:
            agreed(approval, second)
        except ValidationError:
            refusals.append(second)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_grade_that_is_being_saved_moves_with_its_work(
    pair: Any, paper: Assessment, registrar: User, admin: User
):
    submission = work(paper, pair[1])
    approval = request_merge(*pair, registrar, WHY)
    with somebody() as cursor:
        cursor.execute(
            "UPDATE assessments_submission SET score = 77, status = 'graded' WHERE id = %s",
            [submission.pk],
        )
        thread = in_thread(approval, admin)
        time.sleep(0.5)
        assert thread.is_alive()  # it waits for whoever saves
        cursor.connection.commit()
        thread.join()
    submission.refresh_from_db()
    assert (submission.student, submission.score) == (pair[0], 77)


def test_work_whose_transaction_ends_after_the_merge_is_found_and_moves_by_another_merge(
    pair: Any, paper: Assessment, registrar: User, admin: User
):
    """A deferred foreign key waits for nobody, so the database cannot refuse it."""
    approval = request_merge(*pair, registrar, WHY)
    with somebody() as cursor:
        cursor.execute(
            "INSERT INTO assessments_submission (assessment_id, student_id, attempt, status, text, "
            "is_late, is_banked, feedback, version, maximum) VALUES "
            "(%s, %s, 1, 'submitted', 'Just now', false, false, '', 1, 100)",
            [paper.pk, pair[1].pk],
        )
        in_thread(approval, admin).join()
        cursor.connection.commit()
    assert "submissions" in str(merged_records().detail)
    pair[1].refresh_from_db()
    undone(pair[1], registrar, admin)
    pair[1].refresh_from_db()
    merged(*pair, registrar, admin)
    assert AssessmentSubmission.objects.get().student == pair[0]
    assert "submissions" not in str(merged_records().detail)


def test_a_grade_that_is_being_saved_stops_an_undo(
    pair: Any, paper: Assessment, registrar: User, admin: User
):
    submission = work(paper, pair[1])
    merged(*pair, registrar, admin)
    approval = request_undo(pair[1], registrar, BACK)
    refusals: list[User] = []
    with somebody() as cursor:
        cursor.execute(
            "UPDATE assessments_submission SET score = 77, status = 'graded' WHERE id = %s",
            [submission.pk],
        )
        thread = in_thread(approval, admin, refusals)
        time.sleep(0.5)
        assert thread.is_alive()
        cursor.connection.commit()
        thread.join()
    submission.refresh_from_db()
    assert (refusals, submission.student, submission.score) == ([admin], pair[0], 77)


def test_two_who_agree_at_once_merge_once(pair: Any, registrar: User, admin: User, amina: User):
    approval = request_merge(*pair, registrar, WHY)
    refusals: list[User] = []
    threads = [in_thread(approval, second, refusals) for second in (admin, amina)]
    for thread in threads:
        thread.join()
    assert len(refusals) == 1
    assert User.objects.get(pk=pair[1].pk).merged_into == pair[0]
    assert User.history.filter(id=pair[1].pk, merged_into=pair[0].pk).count() == 1
    assert Enrollment.objects.get().student == pair[0]


def test_of_two_who_ask_at_once_one_is_refused(pair: Any, registrar: User, registrar2: User):
    refusals: list[str] = []

    def ask(survivor: User, duplicate: User, by: User) -> None:
        try:
            request_merge(survivor, duplicate, by, WHY)
        except ValidationError as refusal:
            refusals.extend(refusal.messages)
        finally:
            connections.close_all()

    with somebody() as cursor:
        # Both have come as far as the two records.
        cursor.execute("SELECT id FROM users_user WHERE role = 'student' FOR UPDATE")
        threads = [
            threading.Thread(target=ask, args=(*pair, registrar)),
            threading.Thread(target=ask, args=(*reversed(pair), registrar2)),
        ]
        for thread in threads:
            thread.start()
        time.sleep(1)
        cursor.connection.commit()
        for thread in threads:
            thread.join()
    assert refusals == [
        "A merge of one of these two was asked for already and waits for a decision."
    ]
    assert Approval.objects.waiting().count() == 1
