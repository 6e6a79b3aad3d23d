"""Who sets whose password, and who does not."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet

NEW, OLD = "a long new password", "a long old password"


def page_of(person: User) -> str:
    return reverse("admin:auth_user_password_change", args=[person.pk])


def set_through(client: Client, person: User) -> int:
    values = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "1"}
    return client.post(page_of(person), values).status_code


def test_an_admin_gives_a_new_member_of_staff_a_password(admin_client: Client, instructor: User):
    change = reverse("admin:users_user_change", args=[instructor.pk])
    assert b"Set password" in admin_client.get(change).content
    assert set_through(admin_client, instructor) == 302
    instructor.refresh_from_db()
    assert instructor.check_password(NEW)
    assert "password" not in {field.name for field in User.history.model._meta.fields}
    change_set = ChangeSet.objects.latest("pk")
    reason = "Set the password of Instructor Example (instructor)"
    assert (change_set.reason, change_set.source) == (reason, "action")
    assert change_set.actor.username == "admin"


@pytest.mark.parametrize("role", ["registrar", "instructor", "auditor"])
def test_nobody_else_does(role: str, request: Any, person: Any):
    client: Client = request.getfixturevalue(f"{role}_client")
    other = person("instructor", "ingrid")
    assert set_through(client, other) == 403
    other.refresh_from_db()
    assert not other.check_password(NEW)


def test_a_student_gets_none(admin_client: Client, registrar_client: Client, student: Any):
    one = student("s1001")
    for client in (admin_client, registrar_client):
        assert set_through(client, one) == 403
    change = reverse("admin:users_user_change", args=[one.pk])
    assert b"Set password" not in admin_client.get(change).content


def test_no_admin_takes_a_break_glass_account_over(admin_client: Client, person: Any):
    glass = person("admin", "glass", is_superuser=True)
    assert set_through(admin_client, glass) == 403
    change = reverse("admin:users_user_change", args=[glass.pk])
    assert admin_client.post(change, {"username": "mine"}).status_code == 403
    glass.refresh_from_db()
    assert glass.username == "glass"


@pytest.mark.parametrize("nonsense", ["0", "x", "9" * 30, "1_2F"])
def test_a_password_page_of_nobody_is_refused(admin_client: Client, nonsense: str):
    assert admin_client.get(f"/admin/users/user/{nonsense}/password/").status_code == 403


@pytest.mark.parametrize("changes", [{"is_active": False}, {"role": "instructor"}])
def test_who_changes_a_password_does_not_undo_what_an_admin_did_meanwhile(
    changes: Any, person: Any, monkeypatch: pytest.MonkeyPatch
):
    """Who is about to leave sends the form again and again: hashes take the second it needs."""
    rita = person("admin", "rita")
    rita.set_password(OLD)
    rita.save()
    client = Client()
    client.force_login(rita)
    check = User.check_password

    def checked(user: User, password: str) -> bool:
        User.objects.filter(pk=rita.pk).update(**changes)
        return check(user, password)

    monkeypatch.setattr(User, "check_password", checked)
    values = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}
    client.post(reverse("admin:password_change"), values)
    rita.refresh_from_db()
    assert {name: getattr(rita, name) for name in changes} == changes


def test_setting_a_password_does_not_undo_what_somebody_else_did_meanwhile(
    admin_client: Client, instructor: User, monkeypatch: pytest.MonkeyPatch
):
    set_password = User.set_password

    def slowly(user: User, password: str) -> None:
        User.objects.filter(pk=user.pk).update(is_active=False)
        set_password(user, password)

    monkeypatch.setattr(User, "set_password", slowly)
    assert set_through(admin_client, instructor) == 302
    instructor.refresh_from_db()
    assert not instructor.is_active
    assert [change.what for change in instructor.credential_changes.all()] == ["password"]
