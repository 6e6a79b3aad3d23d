"""Nobody approves their own request by way of another account they hold."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.models import User
from backoffice.audit.models import Approval, CredentialChange
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.approval import held_for, may_agree
from tests.actions import do
from tests.filling import save
from tests.users.people import client_of, log_in

WHY = "Complaint 12 of the works council"
PASSWORD = "a password only amina knows"


def set_password(client: Client, person: User, password: str = PASSWORD) -> Any:
    page = reverse("admin:auth_user_password_change", args=[person.pk])
    values = {"password1": password, "password2": password, "usable_password": "true"}
    return client.post(page, values | {"set-password": "1"})


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


NEW = {"password1": PASSWORD, "password2": PASSWORD, "reason": WHY}
EVERYTHING = {
    "read": {"reason": WHY},
    "change_role": {"role": "auditor", "reason": WHY},
    "request_password": NEW,
    "change_email": {"email": "clara@example.org", "reason": WHY},
}


@pytest.mark.parametrize(("action", "values"), EVERYTHING.items())
def test_an_honest_second_person_approves_everything(action, values, amina, bea, person):
    clara = person("admin", "clara")
    message = DirectMessage.objects.create(sender=clara, recipient=person("auditor"), body="zebra")
    subject = message if action == "read" else clara
    assert do(client_of(amina), subject, action, **values).status_code == 302
    assert do(client_of(bea), Approval.objects.get(), "agree").status_code == 302
    assert Approval.objects.get().state == "approved"


def test_a_held_import_waits_for_whom_it_may_wait(amina, bea, person, courses, upload, import_file):
    """Page, card and badge ask the same rule; what an operator brought in waits for anybody."""
    rita = person("registrar", "rita")
    CredentialChange.objects.create(account=rita, what="password", setter=amina)
    header = "student_id,course_code,presentation\n"
    lines = [f"s{number},BIO101,2026J\n" for number in range(1001, 1041)]
    import_file("enrollments", header + "".join(lines), create_students=True)
    hers = upload("enrollments", header + lines[0], mode="sync", actor=rita)
    operators = upload("enrollments", header + lines[1], mode="sync", actor=None)
    expected = {amina: [operators], bea: [hers, operators], rita: [operators]}
    for who, batches in expected.items():
        assert list(held_for(who).order_by("pk")) == batches, who
        assert [batch for batch in (hers, operators) if may_agree(batch, who)] == batches, who
    CredentialChange.objects.create(account=bea, what="role", setter=None)
    assert list(held_for(bea)) == [hers]


def test_two_admins_made_by_the_same_superuser_confirm_each_other_by_a_third(person, instructor):
    """Sol makes both alone; a registrar's rights are enough for none of it."""
    sol = person("admin", "sol", is_superuser=True)
    made = [person("admin", name) for name in ("dora", "emil")]
    for one in made:
        CredentialChange.objects.create(account=one, what="existence", setter=sol)
        one.set_password(PASSWORD)
        one.save()
    do(client_of(made[0]), instructor, "change_role", role="registrar", reason=WHY)
    approval = Approval.objects.get()
    for who in (made[1], sol):
        assert do(client_of(who), approval, "agree").status_code == 200
    for who in (*made, sol):
        answer = do(client_of(who), made[1], "confirm_account", reason=WHY)
        assert answer.status_code == 200
    third = person("admin", "third")
    assert do(client_of(third), made[0], "confirm_account", reason=WHY).status_code == 302
    assert do(client_of(made[1]), approval, "agree").status_code == 200  # asked before it
    assert do(client_of(third), approval, "disagree").status_code == 302
    do(client_of(made[0]), instructor, "change_role", role="registrar", reason=WHY)
    again = Approval.objects.get(state="waiting")
    assert do(client_of(made[1]), again, "agree").status_code == 302
