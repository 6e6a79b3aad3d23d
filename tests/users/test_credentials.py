"""What an account that may approve logs in with is set by two people, or by a superuser."""

import pytest
from django.urls import reverse

from backoffice.apps.users.models import User
from backoffice.audit.models import AccountConfirmation, Approval, ChangeSet, CredentialChange
from tests.actions import do, messages_of, page_of, refused
from tests.filling import errors_of, fields_of, save
from tests.users.people import (
    NEW,
    OWN,
    TEMPORARY,
    WHY,
    ask_for_password,
    change_own,
    client_of,
    log_in,
    set_for,
)

APPROVERS = ("admin", "registrar")


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


def test_what_came_after_the_dialog_was_opened_is_not_confirmed(cast):
    """Sol sets it once more, and takes it over, before Clara submits what she is looking at."""
    amina, bea, clara = cast["amina"], cast["bea"], cast["clara"]
    set_for(bea, amina, clara)
    change_own(log_in("bea", TEMPORARY), TEMPORARY, OWN)
    sent = fields_of(client_of(clara), page_of(bea, "confirm_account")) | {"reason": WHY}
    again = "another password of Sol's"
    page = reverse("admin:auth_user_password_change", args=[bea.pk])
    values = {"password1": again, "password2": again, "usable_password": "true"}
    client_of(cast["sol"]).post(page, values | {"set-password": "1"})
    change_own(log_in("bea", again), again, TEMPORARY)
    answer = client_of(clara).post(page_of(bea, "confirm_account"), sent)
    message = (
        "Somebody set something of this account while you were looking. Look at its page, and "
        "confirm it again if its owner still holds it."
    )
    assert refused(answer) == {"__all__": [message]}
    assert not AccountConfirmation.objects.exists()


def test_the_page_says_who_set_what(cast):
    set_for(cast["bea"], cast["amina"], cast["clara"])
    page = client_of(cast["clara"]).get(page_of(cast["bea"], "change")).content.decode()
    change = cast["bea"].credential_changes.get()
    assert f"Password: Amina Example (amina), {change.created_at:%Y-%m-%d %H:%M} UTC" in page
    assert "The password is temporary." in page


def test_what_was_asked_as_another_stays_so_where_it_sets_credentials(cast, person):
    """Amina asks as Bea; Bea is confirmed before somebody agrees, and Rita may be Amina's."""
    amina, bea, clara = cast["amina"], cast["bea"], cast["clara"]
    rita = person("registrar", "rita")
    set_for(bea, amina, clara)
    client = log_in("bea", TEMPORARY)
    change_own(client, TEMPORARY, OWN)
    do(client, rita, "request_password", **NEW)
    do(client_of(clara), bea, "confirm_account", reason=WHY)
    do(client_of(clara), Approval.objects.get(state="waiting"), "agree")
    behind = {(c.setter.username, c.is_direct) for c in rita.credential_changes.all()}
    assert behind == {("bea", True), ("amina", False)}


def test_the_page_says_the_newest_of_what_one_person_set_twice(cast):
    for _time in (1, 2):
        set_for(cast["bea"], cast["amina"], cast["clara"])
    page = client_of(cast["clara"]).get(page_of(cast["bea"], "change")).content.decode()
    assert cast["bea"].credential_changes.count() == 2
    assert page.count("Password: Amina Example") == 1
