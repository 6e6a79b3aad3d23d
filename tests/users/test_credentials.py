"""What an account that may approve logs in with is set by two people, or by a superuser."""

import io
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import User
from backoffice.audit.models import AccountConfirmation, Approval, ChangeSet, CredentialChange
from tests.actions import do, messages_of, page_of, refused
from tests.filling import errors_of, fields_of, save

WHY = "Locked out after the holidays"
TEMPORARY, OWN = "sesame opens the door", "a password of one's own"
NEW = {"password1": TEMPORARY, "password2": TEMPORARY, "reason": WHY}
APPROVERS = ("admin", "registrar")


@pytest.fixture
def cast(person: Any) -> dict[str, User]:
    """Three admins and a superuser."""
    names = {name: person("admin", name) for name in ("amina", "bea", "clara")}
    return names | {"sol": person("admin", "sol", is_superuser=True)}


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


@pytest.mark.parametrize("role", APPROVERS)
def test_a_password_of_whoever_may_approve_takes_two_people(role, cast, person):
    rita = person(role, "rita")
    page = reverse("admin:auth_user_password_change", args=[rita.pk])
    values = {"password1": TEMPORARY, "password2": TEMPORARY, "usable_password": "true"}
    assert client_of(cast["amina"]).post(page, values | {"set-password": "1"}).status_code == 403
    approval = ask_for_password(cast["amina"], rita)
    rita.refresh_from_db()
    assert not rita.has_usable_password() or not rita.check_password(TEMPORARY)
    assert approval.sentence == "Rita Example (rita) gets a temporary password"
    assert do(client_of(cast["bea"]), approval, "agree").status_code == 302
    rita.refresh_from_db()
    assert rita.check_password(TEMPORARY)
    assert rita.has_temporary_password
    change = CredentialChange.objects.get(account=rita)
    assert (change.what, change.setter, change.is_direct) == ("password", cast["amina"], True)
    change_set = ChangeSet.objects.latest("pk")
    assert change_set.reason == "Set the password of Rita Example (rita)"
    assert change_set.actor == cast["bea"]


def test_the_second_person_is_neither_of_the_two(cast):
    approval = ask_for_password(cast["amina"], cast["bea"])
    answer = do(client_of(cast["bea"]), approval, "agree")
    message = "Nobody approves a change of their own account. Another admin does."
    assert refused(answer) == {"__all__": [message]}
    answer = do(client_of(cast["amina"]), approval, "agree")
    assert refused(answer) == {"__all__": ["Nobody approves what they asked for themselves."]}
    assert do(client_of(cast["bea"]), approval, "disagree").status_code == 302


def test_an_own_account_is_refused_in_a_sentence(cast):
    message = "It is your own account: nobody has to agree. Change it on your own pages."
    amina = client_of(cast["amina"])
    assert refused(do(amina, cast["amina"], "request_password", **NEW)) == {"__all__": [message]}
    answer = do(amina, cast["amina"], "change_email", email="a@example.org", reason=WHY)
    assert refused(answer) == {"__all__": [message]}
    page = reverse("admin:auth_user_password_change", args=[cast["amina"].pk])
    assert amina.get(page).status_code == 403


@pytest.mark.parametrize("decision", ["agree", "disagree"])
def test_the_hash_goes_with_the_decision_and_no_page_has_it(decision, cast, auditor):
    approval = ask_for_password(cast["amina"], cast["bea"])
    secret = approval.secret
    assert secret
    for client in (client_of(cast["clara"]), client_of(auditor), client_of(cast["sol"])):
        for address in (
            reverse("admin:audit_approval_change", args=[approval.pk]),
            reverse("admin:audit_approval_changelist"),
            reverse("admin:users_user_history", args=[cast["bea"].pk]),
            reverse("admin:users_user_change", args=[cast["bea"].pk]),
        ):
            page = client.get(address).content.decode()
            assert secret not in page, address
            assert TEMPORARY not in page, address
    do(client_of(cast["clara"]), approval, decision)
    approval.refresh_from_db()
    assert (approval.secret, approval.payload) == ("", {})
    assert "password" not in {field.name for field in User.history.model._meta.fields}


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"password2": "another password"}, {"password2": ["The two passwords differ."]}),
        (
            {"password1": "short", "password2": "short"},
            {"password1": ["This password is too short. It must contain at least 15 characters."]},
        ),
        ({"reason": "short"}, {"reason": ["Say it in at least 10 characters."]}),
    ],
)
def test_a_wrong_password_is_refused_at_its_field(changed, errors, cast):
    answer = do(client_of(cast["amina"]), cast["bea"], "request_password", **NEW | changed)
    assert refused(answer) == errors
    assert not Approval.objects.exists()


def test_an_account_that_approves_nothing_needs_no_second_person(cast, instructor):
    answer = do(client_of(cast["amina"]), instructor, "request_password", **NEW)
    message = "This account approves nothing: set it without a second person."
    assert refused(answer) == message


def test_an_email_of_whoever_may_approve_takes_two_people(cast):
    amina, bea = client_of(cast["amina"]), cast["bea"]
    page = reverse("admin:users_user_change", args=[bea.pk])
    assert "email" not in fields_of(amina, page)
    save(amina, page, email="mine@example.org")
    bea.refresh_from_db()
    assert bea.email == ""
    answer = do(amina, bea, "change_email", email="Bea@Example.org", reason=WHY)
    sentence = "Bea Example (bea) gets the e-mail address “bea@example.org”"
    assert messages_of(answer)[-1] == f"Asked for: {sentence}. It waits for another admin."
    do(client_of(cast["clara"]), Approval.objects.get(), "agree")
    bea.refresh_from_db()
    assert bea.email == "bea@example.org"
    assert [(c.what, c.setter) for c in bea.credential_changes.all()] == [("email", cast["amina"])]


def test_an_email_of_somebody_else_is_refused_before_anybody_agrees(cast, instructor):
    User.objects.filter(pk=instructor.pk).update(email="ingrid@example.org")
    answer = do(
        client_of(cast["amina"]), cast["bea"], "change_email", email="ingrid@example.org",
        reason=WHY,
    )  # fmt: skip
    assert refused(answer) == {"email": ["Another person has this e-mail address already."]}


def test_ones_own_email_is_ones_own(cast):
    page = reverse("admin:users_user_change", args=[cast["amina"].pk])
    answer = save(client_of(cast["amina"]), page, email="amina@example.org")
    assert answer.status_code == 302, errors_of(answer)
    assert not CredentialChange.objects.exists()


def test_a_superuser_sets_them_alone_and_stands_behind_them(cast):
    sol, bea = client_of(cast["sol"]), cast["bea"]
    page = reverse("admin:auth_user_password_change", args=[bea.pk])
    values = {"password1": TEMPORARY, "password2": TEMPORARY, "usable_password": "true"}
    assert sol.post(page, values | {"set-password": "1"}).status_code == 302
    save(sol, reverse("admin:users_user_change", args=[bea.pk]), email="bea@example.org")
    bea.refresh_from_db()
    assert (bea.check_password(TEMPORARY), bea.has_temporary_password) == (True, True)
    whats = {(change.what, change.setter) for change in bea.credential_changes.all()}
    assert whats == {("password", cast["sol"]), ("email", cast["sol"])}
    do(sol, cast["clara"], "change_role", role="registrar", reason=WHY)
    client = log_in("bea", TEMPORARY)
    change_own(client, TEMPORARY, OWN)
    assert do(client, Approval.objects.get(), "agree").status_code == 200
    assert Approval.objects.get().state == "waiting"


def test_who_stood_behind_the_setter_stands_behind_the_account(cast, person):
    """Bea's account may be Amina's: what it sets, Amina may have set."""
    set_for(cast["bea"], cast["amina"], cast["clara"])
    rita = person("registrar", "rita")
    change_own(log_in("bea", TEMPORARY), TEMPORARY, OWN)
    cast["bea"].refresh_from_db()
    set_for(rita, cast["bea"], cast["clara"])
    behind = {(c.setter.username, c.is_direct) for c in rita.credential_changes.all()}
    assert behind == {("bea", True), ("amina", False)}


def test_an_account_made_of_a_student_counts_for_none_who_wrote_it(
    cast, registrar_client, registrar, student
):
    one = student("s1001")
    page = reverse("admin:users_user_change", args=[one.pk])
    assert save(registrar_client, page, email="zoe@example.org").status_code == 302
    do(client_of(cast["amina"]), one, "change_role", role="registrar", reason=WHY)
    do(client_of(cast["bea"]), Approval.objects.get(), "agree")
    behind = {(change.what, change.setter) for change in one.credential_changes.all()}
    assert behind == {("role", cast["amina"]), ("existence", registrar)}


# The proof.


def test_a_third_person_confirms_and_then_it_counts(cast, instructor):
    amina, bea, clara = cast["amina"], cast["bea"], cast["clara"]
    set_for(bea, amina, clara)
    answer = do(client_of(clara), bea, "confirm_account", reason=WHY)
    message = "Bea Example has chosen no password yet. Confirm the account after that."
    assert refused(answer) == {"__all__": [message]}
    change_own(log_in("bea", TEMPORARY), TEMPORARY, OWN)
    do(client_of(amina), instructor, "change_role", role="registrar", reason=WHY)
    approval = Approval.objects.get(state="waiting")
    bea_client = log_in("bea", OWN)
    answer = do(bea_client, approval, "agree")
    assert refused(answer) == {
        "__all__": [
            "This takes another person. The account that asked and yours may be one person's: "
            "somebody set a password, an e-mail address, a role or the account itself for the "
            "other, or for both. Let somebody else approve it, or have the account confirmed first."
        ]
    }
    for client in (client_of(amina), bea_client):
        answer = do(client, bea, "confirm_account", reason=WHY)
        assert refused(answer) == {
            "__all__": [
                "You cannot confirm this account: you set something of it, or somebody set "
                "something of it and of yours."
            ]
        }
    assert do(client_of(clara), bea, "confirm_account", reason=WHY).status_code == 302
    confirmation = AccountConfirmation.objects.get()
    assert (confirmation.account, confirmation.confirmer) == (bea, clara)
    reason = f"Confirmed that Bea Example (bea) holds their account: {WHY}"
    assert ChangeSet.objects.latest("pk").reason == reason
    assert do(bea_client, approval, "agree").status_code == 302
    answer = do(client_of(clara), bea, "confirm_account", reason=WHY)
    assert refused(answer) == "Nobody else set anything of this account."


def test_what_was_asked_before_the_confirmation_stays_the_setters(cast, instructor):
    """Amina asked as Bea; that Bea has the account since does not make it Bea's request."""
    amina, bea, clara = cast["amina"], cast["bea"], cast["clara"]
    set_for(bea, amina, clara)
    client = log_in("bea", TEMPORARY)
    change_own(client, TEMPORARY, OWN)
    do(client, instructor, "change_role", role="registrar", reason=WHY)
    approval = Approval.objects.get(state="waiting")
    do(client_of(clara), bea, "confirm_account", reason=WHY)
    assert do(client_of(amina), approval, "agree").status_code == 200
    assert do(client_of(clara), approval, "agree").status_code == 302


def test_a_later_change_takes_the_confirmation_back(cast):
    amina, bea, clara = cast["amina"], cast["bea"], cast["clara"]
    set_for(bea, amina, clara)
    change_own(log_in("bea", TEMPORARY), TEMPORARY, OWN)
    do(client_of(clara), bea, "confirm_account", reason=WHY)
    assert not bea.unconfirmed_changes.exists()
    set_for(bea, clara, amina)
    assert [change.setter for change in bea.unconfirmed_changes] == [clara]


def test_the_page_says_who_set_what(cast):
    set_for(cast["bea"], cast["amina"], cast["clara"])
    page = client_of(cast["clara"]).get(page_of(cast["bea"], "change")).content.decode()
    change = cast["bea"].credential_changes.get()
    assert f"password: Amina Example (amina), {change.created_at:%Y-%m-%d %H:%M} UTC" in page
    assert "The password is temporary." in page


# The operator at the server.


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


# The temporary password.


def test_a_temporary_password_opens_one_page(cast, instructor):
    bea = cast["bea"]
    set_for(bea, cast["amina"], cast["clara"])
    client = log_in("bea", TEMPORARY)
    own = reverse("admin:password_change")
    before = User.objects.get(pk=instructor.pk).role
    for address in (
        "/admin/", "/admin/users/user/", f"/admin/users/user/{instructor.pk}/change/",
        "/admin/autocomplete/?app_label=users&model_name=profile&field_name=user",
        "/admin/search/?s=a", "/admin/users/user/export/", "/admin/bulk/batch/upload/",
        "/admin/health/", "/admin/jsi18n/", "/admin/nonsense/", "/",
    ):  # fmt: skip
        answer = client.get(address)
        assert (answer.status_code, answer.url) == (302, own), address
    answer = do(client, instructor, "change_role", role="registrar", reason=WHY)
    assert (answer.status_code, answer.url) == (302, own)
    assert User.objects.get(pk=instructor.pk).role == before
    assert not Approval.objects.filter(state="waiting").exists()


def test_the_owner_reads_by_whom_and_when_and_goes_on(cast):
    set_for(cast["bea"], cast["amina"], cast["clara"])
    client = log_in("bea", TEMPORARY)
    page = client.get(reverse("admin:password_change"))
    change = cast["bea"].credential_changes.get()
    sentence = (
        f"Amina Example (amina) set your password on {change.created_at:%Y-%m-%d %H:%M} UTC. "
        "Choose one of your own to go on."
    )
    assert sentence in page.content.decode()
    assert [str(each) for each in get_messages(page.wsgi_request)] in ([sentence], [])
    assert change_own(client, TEMPORARY, OWN).status_code == 302
    assert client.get("/admin/").status_code == 200
    cast["bea"].refresh_from_db()
    assert not cast["bea"].has_temporary_password
    assert cast["bea"].unconfirmed_changes.exists()


def test_whoever_has_a_temporary_password_may_log_out(cast):
    set_for(cast["bea"], cast["amina"], cast["clara"])
    client = log_in("bea", TEMPORARY)
    assert client.post(reverse("admin:logout")).status_code == 200
    assert "_auth_user_id" not in client.session


def test_an_instructors_password_is_temporary_too(cast, instructor):
    page = reverse("admin:auth_user_password_change", args=[instructor.pk])
    values = {"password1": TEMPORARY, "password2": TEMPORARY, "usable_password": "true"}
    client_of(cast["amina"]).post(page, values | {"set-password": "1"})
    assert log_in("instructor", TEMPORARY).get("/admin/").url == reverse("admin:password_change")
    assert instructor.credential_changes.get().setter == cast["amina"]


def test_a_newer_hash_of_the_same_password_is_set_by_nobody(cast, monkeypatch):
    """Whoever is logged in logs in as somebody else, whose hash Django renews meanwhile."""
    bea = cast["bea"]
    bea.set_password(OWN)
    bea.save()
    monkeypatch.setattr("django.contrib.auth.hashers.PBKDF2PasswordHasher.iterations", 17)
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.must_update",
                        lambda *_args: True, raising=False)  # fmt: skip
    client = client_of(cast["amina"])
    client.post(reverse("admin:login"), {"username": "bea", "password": OWN})
    bea.refresh_from_db()
    assert not bea.has_temporary_password
    assert not bea.credential_changes.exists()
