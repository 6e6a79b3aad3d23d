"""Another role takes two people: one admin asks, another one agrees."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import User
from backoffice.audit.models import Approval
from tests.actions import messages_of
from tests.filling import errors_of, save

WHY = "Takes over the registry in spring"


@pytest.fixture
def admin2_client(person) -> Client:
    client = Client()
    client.force_login(person("admin", "admin2"))
    return client


def request_approval(client: Client, one: User, role: str = "registrar", reason: str = WHY):
    page = reverse("admin:users_user_change_role", args=[one.pk])
    return client.post(page, {"role": role, "reason": reason})


def decide(client: Client, decision: str, approval: Approval | None = None, note: str = ""):
    number = (approval or Approval.objects.get()).pk
    return client.post(reverse(f"admin:audit_approval_{decision}", args=[number]), {"note": note})


def test_the_role_changes_when_another_admin_agrees(admin, admin_client, admin2_client, instructor):
    answer = request_approval(admin_client, instructor)
    message = "Instructor Example (instructor) becomes registrar"
    assert messages_of(answer) == [f"Asked for: {message}. It waits for another admin."]
    instructor.refresh_from_db()
    assert instructor.role == "instructor"
    assert decide(admin2_client, "agree", note="As agreed with the dean").status_code == 302
    instructor.refresh_from_db()
    assert instructor.role == "registrar"
    approval = Approval.objects.get()
    assert (approval.state, approval.sentence, approval.reason) == ("approved", message, WHY)
    assert (approval.requested_name, approval.decided_name) == (
        "Admin Example (admin)",
        "Admin2 Example (admin2)",
    )
    newest = instructor.history.first()
    assert newest.history_user.username == "admin2"


def test_nobody_agrees_to_their_own_request(admin_client, instructor):
    request_approval(admin_client, instructor)
    answer = decide(admin_client, "agree")
    assert answer.status_code == 200
    message = "Nobody approves what they asked for themselves."
    assert answer.context["form"].non_field_errors() == [message]
    instructor.refresh_from_db()
    assert instructor.role == "instructor"


def test_what_was_refused_is_not_done_and_not_decided_again(
    admin_client, admin2_client, instructor
):
    request_approval(admin_client, instructor)
    decide(admin2_client, "disagree", note="Not before the audit")
    instructor.refresh_from_db()
    assert instructor.role == "instructor"
    answer = decide(admin2_client, "agree")
    assert answer.context["refusal"] == "This was decided already."
    assert Approval.objects.get().state == "refused"


@pytest.mark.parametrize("who", ["registrar", "instructor", "auditor"])
def test_only_admins_ask_and_agree(who, request, admin_client, instructor):
    client = request.getfixturevalue(f"{who}_client")
    assert request_approval(client, instructor).status_code == 403
    request_approval(admin_client, instructor)
    assert decide(client, "agree").status_code == 403
    assert Approval.objects.get().state == "waiting"


@pytest.mark.parametrize(
    ("role", "reason", "errors"),
    [
        ("registrar", "short", {"reason": ["Say it in at least 10 characters."]}),
        ("instructor", WHY, {"role": ["Instructor Example has this role already."]}),
        (
            "student",
            WHY,
            {"role": ["A student needs a student ID. Enter it on the person's page first."]},
        ),
    ],
)
def test_a_wrong_request_is_told_at_its_field(admin_client, instructor, role, reason, errors):
    answer = request_approval(admin_client, instructor, role, reason)
    assert answer.context["form"].errors == errors
    assert not Approval.objects.exists()


def test_the_same_is_asked_once(admin_client, instructor):
    request_approval(admin_client, instructor)
    answer = request_approval(admin_client, instructor, "auditor")
    assert answer.status_code == 200
    assert Approval.objects.count() == 1


def test_a_new_account_of_staff_waits_for_another_admin(admin_client, admin2_client):
    page = reverse("admin:users_user_add")
    answer = save(admin_client, page, username="ruth", first_name="Ruth", role="registrar")
    assert answer.status_code == 302
    ruth = User.objects.get(username="ruth")
    assert not ruth.is_active
    assert decide(admin2_client, "agree").status_code == 302
    ruth.refresh_from_db()
    assert (ruth.is_active, ruth.is_staff) == (True, True)


def test_nobody_gives_themselves_an_active_account_back(admin_client, instructor):
    """Who may switch an account on decides who works here, so a waiting one stays off."""
    save(admin_client, reverse("admin:users_user_add"), username="ruth", role="registrar")
    ruth = User.objects.get(username="ruth")
    page = reverse("admin:users_user_change", args=[ruth.pk])
    answer = save(admin_client, page, is_active="on")
    message = "Another admin has to agree before an account of staff works. Use “Change role”."
    assert errors_of(answer) == {"is_active": [message]}
    ruth.refresh_from_db()
    assert not ruth.is_active
