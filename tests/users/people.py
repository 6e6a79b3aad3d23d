"""Who logs in with what, for tests of accounts: three admins, a superuser, and their passwords."""

from typing import Any

from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import User
from backoffice.audit.models import Approval
from tests.actions import do, refused

WHY = "Locked out after the holidays"
TEMPORARY, OWN = "sesame opens the door", "a password of one's own"
NEW = {"password1": TEMPORARY, "password2": TEMPORARY, "reason": WHY}


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def log_in(username: str, password: str) -> Client:
    client = Client()
    client.post(reverse("admin:login"), {"username": username, "password": password})
    return client


def change_own(client: Client, old: str, new: str) -> Any:
    values = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(reverse("admin:password_change"), values)


def ask_for_password(asker: User, person: User) -> Approval:
    answer = do(client_of(asker), person, "request_password", **NEW)
    assert answer.status_code == 302, refused(answer)
    return Approval.objects.get(state="waiting")


def set_for(person: User, asker: User, approver: User) -> None:
    approval = ask_for_password(asker, person)
    assert do(client_of(approver), approval, "agree").status_code == 302
    person.refresh_from_db()
