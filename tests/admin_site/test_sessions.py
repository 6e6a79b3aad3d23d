"""Who stays logged in, for how long, and how often a password may be tried."""

import time
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from backoffice.admin_site.permissions.sessions import BEGAN, USED
from backoffice.apps.users.models import User

PASSWORD = "a password for tests"


@pytest.fixture
def rita(person: Any) -> User:
    """A registrar with a password."""
    one = person("registrar", "rita")
    one.set_password(PASSWORD)
    one.save()
    return one


def log_in(name: str, password: str, address: str = "192.0.2.1", **more: str) -> Any:
    client = Client(REMOTE_ADDR=address)
    credentials = {"username": name, "password": password}
    return client, client.post("/admin/login/", credentials, headers=more)


def aged(client: Client, **seconds: int) -> None:
    """Make a session older than it is."""
    session = client.session
    for name, age in seconds.items():
        session[name] = int(time.time()) - age
    session.save()


LATE = [
    ({USED: 31 * 60}, "You were logged out after 30 minutes without use. Log in to go on."),
    ({BEGAN: 12 * 3600 + 5}, "You were logged out after 12 hours. Log in to go on."),
]


@pytest.mark.parametrize(("ages", "expected"), LATE)
def test_a_session_left_alone_or_old_ends_with_a_sentence(ages, expected, registrar_client):
    assert registrar_client.get("/admin/").status_code == 200
    aged(registrar_client, **ages)
    answer = registrar_client.get("/admin/users/enrollment/")
    assert (answer.status_code, answer.url) == (302, "/admin/login/?next=/admin/users/enrollment/")
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [expected]
    assert registrar_client.get("/admin/").status_code == 302


def test_a_session_in_use_goes_on_and_is_seldom_written(
    registrar_client, django_assert_max_num_queries
):
    registrar_client.get("/admin/")
    aged(registrar_client, **{USED: 29 * 60})
    assert registrar_client.get("/admin/").status_code == 200
    assert time.time() - registrar_client.session[USED] < 5
    used = registrar_client.session[USED]
    aged(registrar_client, **{USED: 30})
    registrar_client.get("/admin/")
    assert registrar_client.session[USED] < used


def test_a_login_begins_the_count(rita):
    client, answer = log_in("rita", PASSWORD)
    assert answer.status_code == 302
    assert time.time() - client.session[BEGAN] < 5


@pytest.mark.parametrize(
    "change", [{"role": "auditor"}, {"is_active": False}, {"is_superuser": True}]
)
def test_a_changed_role_ends_the_session_at_the_next_request(change, rita):
    client, _answer = log_in("rita", PASSWORD)
    assert client.get("/admin/").status_code == 200
    User.objects.filter(pk=rita.pk).update(**change)
    assert client.get("/admin/").status_code == 302


def test_a_new_password_ends_other_sessions(rita):
    client, _answer = log_in("rita", PASSWORD)
    rita.set_password("another password for tests")
    rita.save()
    assert client.get("/admin/").status_code == 302


def test_five_wrong_passwords_for_an_account_make_a_pause(rita):
    for number in range(5):
        _client, answer = log_in("rita", "wrong", address=f"192.0.2.{number}")
    assert answer.status_code == 429
    assert "Wait 5 minutes, then try again." in answer.content.decode()
    _client, answer = log_in("rita", PASSWORD, address="198.51.100.7")
    assert answer.status_code == 429


def test_five_wrong_passwords_from_an_address_make_a_pause(rita):
    for number in range(5):
        log_in(f"nobody{number}", "wrong")
    assert log_in("rita", PASSWORD)[1].status_code == 429
    assert log_in("rita", PASSWORD, address="198.51.100.7")[1].status_code == 302


def test_the_pause_ends_and_trying_on_does_not_prolong_it(rita):
    for _ in range(5):
        log_in("rita", "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=4, seconds=50))
    assert log_in("rita", "wrong")[1].status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=5, seconds=1))
    assert log_in("rita", PASSWORD)[1].status_code == 302


def test_behind_a_proxy_the_address_is_what_the_proxy_saw(rita, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for number in range(5):
        forged = f"203.0.113.{number}, 192.0.2.9"
        log_in(f"nobody{number}", "wrong", address="10.0.0.1", **{"X-Forwarded-For": forged})
    forwarded = {"X-Forwarded-For": "192.0.2.9"}
    assert log_in("rita", PASSWORD, address="10.0.0.1", **forwarded)[1].status_code == 429
    other = {"X-Forwarded-For": "192.0.2.10"}
    assert log_in("rita", PASSWORD, address="10.0.0.1", **other)[1].status_code == 302


def test_no_password_is_kept_of_a_wrong_attempt(rita):
    log_in("rita", "my real password, mistyped")
    attempt = AccessAttempt.objects.get()
    assert "mistyped" not in attempt.post_data
