"""The glass under every role: who asks, who agrees, who reads, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import AccessRecord, Approval, ChangeSet
from tests.actions import do, page_of
from tests.users.people import client_of

SECRET = "The zebra stands in the third corridor"
WHY = "Complaint 12 of the works council"
# Role: whether it asks, whether it agrees to what another asked, what the page of the message is.
TABLE = {
    "admin": (302, 302, 200),
    "superuser": (302, 302, 200),
    "registrar": (403, 403, 403),
    "instructor": (403, 403, 403),
    "assistant": (403, 403, 403),
    "auditor": (403, 403, 200),
    "student": (302, 302, 302),  # to the login page, as nobody
    "anonymous": (302, 302, 302),
}
ASKING = ("admin", "superuser")


@pytest.fixture
def message(person: Any) -> DirectMessage:
    return DirectMessage.objects.create(
        sender=person("instructor", "ingrid"), recipient=person("instructor", "kenji"), body=SECRET
    )


@pytest.fixture
def client_in(person: Any, student: Any, courses: dict[str, Course]) -> Any:
    """Somebody with a role, logged in."""

    def make(role: str) -> Client:
        client = Client()
        if role == "anonymous":
            return client
        if role == "student":
            client.force_login(student("s1001"))
            return client
        is_assistant, is_super = role == "assistant", role == "superuser"
        account = "instructor" if is_assistant else "admin" if is_super else role
        other = person(account, "other", is_superuser=is_super)
        if is_assistant:
            Enrollment.objects.create(
                student=other, course=courses["BIO101"], role="teaching_assistant"
            )
        client.force_login(other)
        return client

    return make


def reads(client: Client, message: DirectMessage) -> bool:
    return SECRET in client.get(page_of(message, "change")).content.decode()


def leads_to_login(answer: Any) -> bool:
    return answer.status_code == 302 and answer.url.startswith("/admin/login/")


def age(approval: Approval, **delta: int) -> None:
    decided = timezone.now() - timedelta(**delta)
    Approval.objects.filter(pk=approval.pk).update(decided_at=decided)


@pytest.mark.parametrize(("role", "row"), TABLE.items())
def test_who_asks(role, row, message, client_in):
    client = client_in(role)
    answer = do(client, message, "read", reason=WHY)
    assert answer.status_code == row[0]
    is_asked = row[0] == 302 and not leads_to_login(answer)
    assert Approval.objects.count() == is_asked == (role in ASKING)
    assert client.get(page_of(message, "change")).status_code == row[2]
    assert not reads(client, message)


@pytest.mark.parametrize(("role", "row"), TABLE.items())
def test_who_agrees(role, row, message, amina, client_in):
    do(client_of(amina), message, "read", reason=WHY)
    client, approval = client_in(role), Approval.objects.get()
    answer = do(client, approval, "agree")
    assert answer.status_code == row[1]
    is_open = row[1] == 302 and not leads_to_login(answer)
    assert reads(client_of(amina), message) == is_open == (role in ASKING)
    assert not reads(client, message)  # who agreed reads nothing


@pytest.mark.parametrize("role", ASKING)
def test_who_asked_reads_for_an_hour_and_every_look_is_on_record(role, message, bea, client_in):
    client = client_in(role)
    do(client, message, "read", reason=WHY)
    approval = Approval.objects.get()
    assert not reads(client, message)
    do(client_of(bea), approval, "agree")
    for _look in range(2):
        assert reads(client, message)
    looks = ChangeSet.objects.filter(reason__startswith="Read the message", actor__username="other")
    assert looks.count() == 2
    assert AccessRecord.objects.filter(object_id=str(message.pk), kind="view").count() >= 2
    age(approval, minutes=59)
    assert reads(client, message)
    age(approval, minutes=61)
    assert not reads(client, message)
    assert looks.count() == 3


@pytest.mark.parametrize("role", TABLE)
def test_nobody_reads_under_the_approval_of_another(role, message, amina, bea, client_in):
    do(client_of(amina), message, "read", reason=WHY)
    do(client_of(bea), Approval.objects.get(), "agree")
    assert not reads(client_in(role), message)


@pytest.mark.parametrize("decision", ["waiting", "disagree"])
@pytest.mark.parametrize("role", ASKING)
def test_what_waits_or_was_refused_opens_nothing(role, decision, message, bea, client_in):
    client = client_in(role)
    do(client, message, "read", reason=WHY)
    if decision != "waiting":
        assert do(client_of(bea), Approval.objects.get(), decision).status_code == 302
    assert not reads(client, message)


@pytest.mark.parametrize("role", ["registrar", "instructor", "auditor"])
def test_an_open_glass_closes_with_the_role_of_an_admin(role, message, amina, bea):
    do(client_of(amina), message, "read", reason=WHY)
    do(client_of(bea), Approval.objects.get(), "agree")
    assert reads(client_of(amina), message)
    User.objects.filter(pk=amina.pk).update(role=role)
    assert not reads(client_of(User.objects.get(pk=amina.pk)), message)


@pytest.mark.parametrize("name", ["ingrid", "kenji"])
def test_its_parties_read_it_without(name, message):
    client = client_of(User.objects.get(username=name))
    assert reads(client, message)
    assert do(client, message, "read", reason=WHY).status_code == 403
    assert not ChangeSet.objects.filter(reason__startswith="Read the message").exists()


def test_a_party_who_is_an_admin_need_not_ask(amina, bea, person):
    own = DirectMessage.objects.create(sender=amina, recipient=bea, body=SECRET)
    answer = do(client_of(amina), own, "read", reason=WHY)
    assert answer.context["form"].non_field_errors() == ["It is your own message; you can read it."]


def test_an_approval_of_one_message_opens_no_other(message, amina, bea):
    other = DirectMessage.objects.create(
        sender=message.sender, recipient=message.recipient, body=SECRET
    )
    do(client_of(amina), message, "read", reason=WHY)
    do(client_of(bea), Approval.objects.get(), "agree")
    assert (reads(client_of(amina), message), reads(client_of(amina), other)) == (True, False)
