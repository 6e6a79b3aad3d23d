"""What commands set of an account is the operator's, temporary and on record."""

import io

import pytest
from django.core.management import CommandError, call_command

from backoffice.apps.users.models import User
from backoffice.audit.models import Approval, ChangeSet
from tests.actions import do
from tests.users.people import OWN, TEMPORARY, WHY, change_own, log_in


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda *_args, **_kwargs: TEMPORARY)


def test_changepassword_is_temporary_and_on_record(cast, typed):
    call_command("changepassword", "bea", stdout=io.StringIO())
    bea = cast["bea"]
    bea.refresh_from_db()
    assert (bea.check_password(TEMPORARY), bea.has_temporary_password) == (True, True)
    change = bea.credential_changes.get()
    assert (change.what, change.setter_id) == ("password", None)
    change_set = ChangeSet.objects.latest("pk")
    assert (change_set.source, change_set.actor_id, change_set.actor_name, change_set.reason) == (
        *("command", None, "changepassword: Operator at the server"),
        "Set the password of Bea Example (bea)",
    )


def test_an_actor_of_changepassword_is_claimed_and_stands_behind_it(cast, typed):
    call_command("changepassword", "bea", "--actor", "amina", stdout=io.StringIO())
    name = "Amina Example (amina), claimed at the command line"
    changes = cast["bea"].credential_changes.order_by("pk")
    behind = [(change.setter, change.setter_name) for change in changes]
    assert behind == [(None, name), (cast["amina"], "Amina Example (amina)")]
    assert ChangeSet.objects.latest("pk").actor_name == f"changepassword: {name}"
    with pytest.raises(CommandError, match="There is nobody with the user name “nobody”."):
        call_command("changepassword", "bea", "--actor", "nobody")


def test_nobody_proves_anything_by_claiming_to_be_the_owner(cast, typed):
    call_command("changepassword", "bea", "--actor", "bea", stdout=io.StringIO())
    cast["bea"].refresh_from_db()
    assert cast["bea"].has_temporary_password
    assert [change.setter for change in cast["bea"].credential_changes.all()] == [None]


def test_createsuperuser_is_temporary_and_on_record(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", TEMPORARY)
    call_command(
        "createsuperuser", "--noinput", "--username", "root", "--email", "r@example.org",
        stdout=io.StringIO(),
    )  # fmt: skip
    root = User.objects.get(username="root")
    assert (root.is_superuser, root.role, root.has_temporary_password) == (True, "admin", True)
    whats = {(change.what, change.setter_id) for change in root.credential_changes.all()}
    assert whats == {(what, None) for what in ("existence", "role", "email", "password")}
    assert root.history.latest().change_set.actor_name == "createsuperuser: Operator at the server"


def test_two_accounts_of_the_operator_are_one_person_until_one_is_confirmed(
    cast, typed, instructor
):
    """A school of two admins, both locked out: the operator sets both passwords."""
    amina, bea = cast["amina"], cast["bea"]
    for name in ("amina", "bea"):
        call_command("changepassword", name, stdout=io.StringIO())
    with pytest.raises(CommandError, match="Bea Example has chosen no password yet."):
        call_command("confirm_account", "bea", "--reason", WHY)
    clients = {}
    for name in ("amina", "bea"):
        clients[name] = log_in(name, TEMPORARY)
        change_own(clients[name], TEMPORARY, OWN)
    do(clients["amina"], instructor, "change_role", role="registrar", reason=WHY)
    approval = Approval.objects.get()
    assert do(clients["bea"], approval, "agree").status_code == 200
    amina.refresh_from_db()
    with pytest.raises(CommandError, match="Say why, in at least 10 characters"):
        call_command("confirm_account", "amina", "--reason", "short")
    call_command("confirm_account", "bea", "--reason", WHY, stdout=io.StringIO())
    approval.delete()
    do(clients["amina"], instructor, "change_role", role="registrar", reason=WHY)
    assert do(clients["bea"], Approval.objects.get(), "agree").status_code == 302
    assert (bea.confirmations.get().confirmer_name, amina.confirmations.count()) == (
        "Operator at the server",
        0,
    )
