"""Whoever may not merge does not, by whatever way; and a merge under way disturbs no import."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from backoffice.apps.users.merging.requests import request_merge, request_undo
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Approval
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import OutcomeChanged, apply
from backoffice.bulk.undo.undo import undo as undo_import
from tests.actions import do, refused
from tests.users.people import OWN, TEMPORARY, change_own, client_of, log_in, set_for
from tests.users.test_merge_pages import ask, page
from tests.users.twins import BACK, WHY, agreed, merged, undone

HEADER = "student_id,course_code,presentation\n"


@pytest.fixture
def helper(person: Any, bio: Any) -> Client:
    """An assistant of the course in which both are."""
    account = person("instructor", "helper")
    Enrollment.objects.create(student=account, course=bio, role="teaching_assistant")
    return client_of(account)


@pytest.mark.parametrize("who", ["instructor_client", "auditor_client", "helper", "nobody"])
def test_a_forged_request_is_refused(who, request, pair, registrar_client):
    opened = registrar_client.get(page(pair[0], other=pair[1].pk))
    mark = opened.context["reason"]["check_digest"].value()
    client = Client() if who == "nobody" else request.getfixturevalue(who)
    values = {"reason": WHY, "check_digest": mark}
    answer = client.post(page(pair[0], other=pair[1].pk), values)
    assert answer.status_code == (302 if who == "nobody" else 403)
    assert not Approval.objects.exists()


@pytest.mark.parametrize("who", ["instructor_client", "auditor_client", "helper"])
def test_a_forged_undo_is_refused(who, request, pair, registrar, admin):
    merged(*pair, registrar, admin)
    client = request.getfixturevalue(who)
    answer = do(client, pair[0], "request_unmerge", reason=BACK, duplicate=pair[1].pk)
    assert answer.status_code == 403
    assert not Approval.objects.filter(action="undo_merge").exists()


def test_an_undo_names_a_record_that_was_merged_into_this_one(
    ada, twin, student, registrar, admin, registrar_client
):
    others = student("S3003"), student("S4004")
    merged(ada, twin, registrar, admin)
    merged(*others, registrar, admin)
    answer = do(registrar_client, ada, "request_unmerge", reason=BACK, duplicate=others[1].pk)
    assert "duplicate" in answer.context["form"].errors
    assert not Approval.objects.filter(action="undo_merge").exists()


def test_a_person_is_not_merged_with_themselves_nor_a_merged_one_again(
    ada, twin, student, registrar, admin, registrar_client
):
    third, fourth = student("S3003"), student("S4004")
    merged(ada, twin, registrar, admin)
    merged(third, fourth, registrar, admin)
    for other in (ada, twin, fourth):
        answer = registrar_client.get(page(ada, other=other.pk))
        assert answer.context["form"].errors == {
            "other": ["There is no such student. Choose one from the list."]
        }
    for pair in ((twin, fourth), (fourth, twin), (twin, twin)):
        with pytest.raises(ValidationError):
            request_merge(*pair, registrar, WHY)
    assert not Approval.objects.waiting().exists()


def test_the_role_that_counts_is_the_one_that_is_stored(ada, twin, registrar):
    User.objects.filter(pk=twin.pk).update(role="instructor", is_staff=True)
    assert twin.role == "student"
    with pytest.raises(ValidationError):
        request_merge(ada, twin, registrar, WHY)


def test_an_account_whose_password_the_asker_set_does_not_agree(cast, ada, twin):
    set_for(cast["bea"], cast["amina"], cast["sol"])
    change_own(log_in("bea", TEMPORARY), TEMPORARY, OWN)
    ask(client_of(cast["amina"]), ada, twin)
    approval = Approval.objects.waiting().get()
    (refusal,) = refused(do(log_in("bea", OWN), approval, "agree", note=""))["__all__"]
    assert refusal.startswith("This takes another person.")
    approval.refresh_from_db()
    twin.refresh_from_db()
    assert (approval.state, twin.merged_into) == ("waiting", None)
    do(client_of(cast["clara"]), approval, "agree", note="")
    twin.refresh_from_db()
    assert twin.merged_into == ada


def test_a_second_undo_that_waited_does_not_undo_a_later_merge(
    ada, twin, registrar, registrar2, admin
):
    merged(ada, twin, registrar, admin)
    waiting = request_undo(twin, registrar2, BACK)
    undone(twin, registrar, admin)
    with pytest.raises(ValidationError):
        agreed(waiting, admin)
    twin.refresh_from_db()
    merged(ada, twin, registrar, admin)
    with pytest.raises(ValidationError):
        agreed(waiting, admin)
    twin.refresh_from_db()
    assert twin.merged_into == ada


def enroll(upload: Any, number: str, **options: Any) -> Batch:
    return upload("enrollments", f"{HEADER}{number},BIO101,2026J\n", **options)


def looked_at_again(batch: Batch, registrar: User) -> Batch:
    """What applying does with an import whose preview does not hold any more."""
    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, registrar)
    return Batch.objects.get(pk=batch.pk)


def test_an_import_that_was_previewed_before_the_merge_is_looked_at_again(
    ada, twin, two, upload, registrar, courses
):
    batch = enroll(upload, "S2002")
    assert batch.created == 1
    merged(ada, twin, *two)
    again = looked_at_again(batch, registrar)
    assert (again.state, Enrollment.objects.count()) == (Batch.State.PREVIEWED, 0)
    done = apply(again, again.digest, registrar)
    assert done.state == Batch.State.APPLIED
    assert Enrollment.objects.get().student == ada


def test_an_import_of_grades_before_the_merge_too(pair, paper, two, upload, registrar):
    text = f"student_id,assessment_id,score\n{pair[1].student_id},TMA01,71\n"
    batch = upload("grades", text)
    assert batch.created == 1
    merged(*pair, *two)
    again = looked_at_again(batch, registrar)
    assert (again.state, pair[1].submissions.count()) == (Batch.State.PREVIEWED, 0)
    apply(again, again.digest, registrar)
    assert pair[0].submissions.get().score == 71


def test_names_of_an_import_before_the_merge_do_not_reach_the_emptied_record(
    ada, twin, two, upload, registrar
):
    batch = upload("users", "student_id,first_name\nS2002,Augusta\n")
    merged(ada, twin, *two)
    again = looked_at_again(batch, registrar)
    twin.refresh_from_db()
    assert (again.state, twin.first_name) == (Batch.State.PREVIEWED, "Ada")


def test_the_undo_of_an_import_leaves_what_was_merged_since(
    ada, twin, two, upload, registrar, courses
):
    batch = enroll(upload, "S2002")
    apply(batch, batch.digest, registrar)
    merged(ada, twin, *two)
    undo_import(Batch.objects.get(pk=batch.pk), registrar)
    assert Enrollment.objects.get().student == ada
