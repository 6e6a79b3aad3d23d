"""A password that somebody else set opens one page: that of another one."""

from django.contrib.messages import get_messages
from django.urls import reverse

from backoffice.apps.users.models import User
from backoffice.audit.models import Approval
from tests.actions import do
from tests.users.people import OWN, TEMPORARY, WHY, change_own, client_of, log_in, set_for


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


def test_the_temporary_password_is_not_chosen_again(cast):
    set_for(cast["bea"], cast["amina"], cast["clara"])
    client = log_in("bea", TEMPORARY)
    answer = change_own(client, TEMPORARY, TEMPORARY)
    message = "This is the password you have. Choose another one."
    assert answer.context["form"].errors == {"new_password1": [message]}
    cast["bea"].refresh_from_db()
    assert cast["bea"].has_temporary_password
