"""Nobody approves their own request by way of another account they hold."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.models import User
from backoffice.audit.models import Approval
from backoffice.bulk.models import Batch
from tests.actions import do
from tests.filling import save

WHY = "Complaint 12 of the works council"
PASSWORD = "a password only amina knows"


@pytest.fixture
def amina(person: Any) -> User:
    return person("admin", "amina")


@pytest.fixture
def bea(person: Any) -> User:
    return person("admin", "bea")


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def set_password(client: Client, person: User, password: str = PASSWORD) -> Any:
    page = reverse("admin:auth_user_password_change", args=[person.pk])
    values = {"password1": password, "password2": password, "usable_password": "true"}
    return client.post(page, values | {"set-password": "1"})


def log_in(username: str, password: str) -> Client:
    client = Client()
    client.post(reverse("admin:login"), {"username": username, "password": password})
    return client


def test_an_admin_does_not_break_the_glass_with_another_admins_password(amina, bea, person):
    message = DirectMessage.objects.create(
        sender=person("instructor", "ingrid"), recipient=person("instructor"), body="zebra"
    )
    do(client_of(amina), message, "read", reason=WHY)
    set_password(client_of(amina), bea)
    do(log_in("bea", PASSWORD), Approval.objects.get(action="read_message"), "agree")
    assert Approval.objects.get(action="read_message").state == "waiting"


def test_an_account_one_made_does_not_approve_ones_request(amina, bea, instructor):
    """Bea agrees to the new admin in good faith, and never meets them."""
    page = reverse("admin:users_user_add")
    save(client_of(amina), page, username="puppet", role="admin")
    do(client_of(bea), Approval.objects.get(), "agree")
    puppet = User.objects.get(username="puppet")
    assert puppet.is_active
    do(client_of(amina), instructor, "change_role", role="registrar", reason=WHY)
    do(client_of(puppet), Approval.objects.get(state="waiting"), "agree")
    assert Approval.objects.get(subject_id=instructor.pk).state == "waiting"


def test_two_accounts_of_one_person_are_no_two_people(amina, bea, instructor):
    """Whoever of the accounts asks: what one person set both of is one person's."""
    page = reverse("admin:users_user_add")
    for name in ("puppet", "marionette"):
        save(client_of(amina), page, username=name, role="admin")
        do(client_of(bea), Approval.objects.get(state="waiting"), "agree")
    puppet, marionette = (User.objects.get(username=n) for n in ("puppet", "marionette"))
    do(client_of(puppet), instructor, "change_role", role="registrar", reason=WHY)
    approval = Approval.objects.get(state="waiting")
    for account in (marionette, amina):
        do(client_of(account), approval, "agree")
        approval.refresh_from_db()
        assert approval.state == "waiting"


def test_a_held_import_is_not_approved_by_an_account_its_uploader_holds(
    amina, bea, courses, upload, import_file
):
    page = reverse("admin:users_user_add")
    save(client_of(amina), page, username="puppet", role="registrar")
    do(client_of(bea), Approval.objects.get(state="waiting"), "agree")
    puppet = User.objects.get(username="puppet")
    header = "student_id,course_code,presentation\n"
    lines = [f"s{number},BIO101,2026J\n" for number in range(1001, 1041)]
    import_file("enrollments", header + "".join(lines), create_students=True)
    held = upload("enrollments", header + lines[0], mode="sync", actor=puppet)
    assert held.state == Batch.State.HELD
    answer = client_of(amina).post(
        reverse("admin:bulk_batch_approve", args=[held.pk]), {"digest": held.digest}
    )
    assert answer.status_code == 403
    held.refresh_from_db()
    assert held.state == Batch.State.HELD
