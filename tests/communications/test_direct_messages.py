"""What a message says, its two parties read, and nobody else on any page."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.models import User
from backoffice.audit.models import Approval, ChangeSet
from tests.actions import do
from tests.filling import save

SECRET = "The zebra stands in the third corridor"
SUBJECT = "About the striped horse"
WHY = "Complaint 12 of the works council"


@pytest.fixture
def message(person) -> DirectMessage:
    return DirectMessage.objects.create(
        sender=person("instructor", "ingrid"),
        recipient=person("instructor", "kenji"),
        subject=SUBJECT,
        body=SECRET,
    )


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def pages(message: DirectMessage) -> list[str]:
    name = "admin:communications_directmessage"
    first = message.history.first()
    return [
        reverse(f"{name}_changelist"),
        reverse(f"{name}_changelist") + "?q=zebra",
        reverse(f"{name}_change", args=[message.pk]),
        reverse(f"{name}_history", args=[message.pk]),
        reverse(f"{name}_simple_history", args=[message.pk, first.pk]),
        reverse(f"{name}_read", args=[message.pk]),
        reverse("admin:search") + "?s=zebra&extended=1",
        reverse("admin:index"),
        reverse("admin:audit_changeset_changelist"),
    ]


def opens(client: Client, message: DirectMessage) -> bool:
    page = reverse("admin:communications_directmessage_change", args=[message.pk])
    return SECRET in client.get(page).content.decode()


def test_both_parties_read_it(message):
    assert opens(client_of(message.sender), message)
    assert opens(client_of(message.recipient), message)


@pytest.mark.parametrize("role", ["admin", "superuser", "registrar", "instructor", "auditor"])
def test_nobody_else_reads_it_on_any_page(role, message, person, subtests):
    is_super = role == "superuser"
    other = person("admin" if is_super else role, "other", is_superuser=is_super)
    client = client_of(other)
    for address in pages(message):
        with subtests.test(address):
            text = client.get(address).content.decode()
            assert SECRET not in text
            assert SUBJECT not in text


def test_history_holds_no_word_of_it(message):
    held = {field.name for field in message.history.model._meta.fields}
    assert not {"subject", "body"} & held


def test_the_glass_is_broken_by_two_people_for_an_hour(message, person):
    amina, bea = person("admin", "amina"), person("admin", "bea")
    assert do(client_of(amina), message, "read", reason=WHY).status_code == 302
    assert not opens(client_of(amina), message)
    approval = Approval.objects.get()
    assert do(client_of(amina), approval, "agree").status_code == 200  # not one's own request
    assert not opens(client_of(amina), message)
    assert do(client_of(bea), approval, "agree").status_code == 302
    assert opens(client_of(amina), message)
    assert not opens(client_of(bea), message)
    access = ChangeSet.objects.filter(actor=amina, reason__startswith="Read the message").get()
    assert access.reason == f"Read the message {message.pk} under approval {approval.pk}: {WHY}"
    approval.refresh_from_db()
    Approval.objects.filter(pk=approval.pk).update(
        decided_at=approval.decided_at.replace(year=approval.decided_at.year - 1)
    )
    assert not opens(client_of(amina), message)


@pytest.mark.parametrize("role", ["registrar", "instructor", "auditor"])
def test_only_admins_ask_for_it(role, message, person):
    client = client_of(person(role, "other"))
    assert do(client, message, "read", reason=WHY).status_code == 403
    assert not Approval.objects.exists()


def test_an_instructor_finds_a_colleague_and_writes(instructor, person, student):
    kenji, stranger = person("instructor", "kenji"), student("s1001", first_name="Kenji")
    client = client_of(instructor)
    query = {"app_label": "communications", "model_name": "directmessage"}
    answer = client.get(
        reverse("admin:autocomplete"), query | {"field_name": "recipient", "term": "kenji"}
    )
    matches = {int(row["id"]) for row in answer.json()["results"]}
    assert matches == {kenji.pk}
    assert stranger.pk not in matches
    page = reverse("admin:communications_directmessage_add")
    assert save(client, page, recipient=kenji.pk, body="Hello").status_code == 302
    assert DirectMessage.objects.get().recipient == kenji


def test_an_instructor_searches_people_by_what_the_role_shows(instructor, courses, student):
    one = student("s1001", first_name="Zoë", email="zebra@example.org")
    courses["BIO101"].enrollments.create(student=one)
    type(courses["BIO101"]).objects.update(instructor=instructor)
    page = client_of(instructor).get(reverse("admin:users_user_changelist"), {"q": "zebra"})
    assert [row.pk for row in page.context["cl"].result_list] == [one.pk]


def test_whoever_takes_the_askers_account_over_does_not_read_on(message, person):
    """A superuser sets the password alone, within the hour."""
    bea, clara = person("admin", "bea"), person("admin", "clara")
    sol = person("admin", "sol", is_superuser=True)
    do(client_of(bea), message, "read", reason=WHY)
    do(client_of(clara), Approval.objects.get(), "agree")
    assert opens(client_of(bea), message)
    set_by_sol, own = "a password of Sol's", "another password of Sol's"
    page = reverse("admin:auth_user_password_change", args=[bea.pk])
    values = {"password1": set_by_sol, "password2": set_by_sol, "usable_password": "true"}
    client_of(sol).post(page, values | {"set-password": "1"})
    client = Client()
    client.post(reverse("admin:login"), {"username": "bea", "password": set_by_sol})
    values = {"old_password": set_by_sol, "new_password1": own, "new_password2": own}
    assert client.post(reverse("admin:password_change"), values).status_code == 302
    assert not opens(client, message)
    do(client, message, "read", reason=WHY)
    assert Approval.objects.filter(state="waiting").count() == 1  # anew, as Bea's or as Sol's
