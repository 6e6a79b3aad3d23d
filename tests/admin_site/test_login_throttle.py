"""The pause after wrong passwords: whom it stops, whom it lets in, and for how long."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.test import Client
from django.utils import timezone

from backoffice.apps.users.models import User
from tests.connections import at_once

PASSWORD, WRONG = "a password for tests", "a wrong password"
DAY = 24 * 60  # minutes
HOME, OFFICE, ELSEWHERE = "192.0.2.1", "198.51.100.7", "203.0.113.9"


@pytest.fixture
def staff(person: Any) -> Callable[[str], User]:
    """Makes a registrar with a password."""

    def make(name: str) -> User:
        one: User = person("registrar", name)
        one.set_password(PASSWORD)
        one.save()
        return one

    return make


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock by minutes."""
    now, offset = timezone.now, [timedelta()]

    def moved() -> Any:
        return now() + offset[0]

    monkeypatch.setattr(timezone, "now", moved)
    monkeypatch.setattr("axes.handlers.proxy.now", moved)

    def move(minutes: float) -> None:
        offset[0] += timedelta(minutes=minutes)

    return move


def post(name: str, password: str, address: str, client: Client | None = None) -> Any:
    """One try, by default with a browser nobody has used before."""
    client = client or Client()
    credentials = {"username": name, "password": password}
    return client.post("/admin/login/", credentials, REMOTE_ADDR=address)


def is_let_in(name: str, address: str, client: Client | None = None) -> bool:
    return post(name, PASSWORD, address, client).status_code == 302


def wrong(name: str, address: str, times: int = 5, client: Client | None = None) -> list[int]:
    return [post(name, WRONG, address, client).status_code for _ in range(times)]


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_ones_own_login_does_not_clear_what_the_address_did_to_others(staff):
    staff("ida")
    answered = 0
    for number in range(6):
        staff(f"owner{number}")
        answered += wrong(f"owner{number}", HOME, 4).count(200)
        is_let_in("ida", HOME)
    assert answered == 4  # the fifth is answered with the pause


def test_a_login_clears_what_that_account_had_from_that_address(staff):
    staff("rita")
    wrong("rita", HOME, 4)
    assert is_let_in("rita", HOME)
    assert wrong("rita", HOME, 4) == [200] * 4


def test_a_login_does_not_clear_what_others_did_to_that_account_elsewhere(staff):
    staff("rita")
    wrong("rita", ELSEWHERE, 4)
    assert is_let_in("rita", HOME)
    assert wrong("rita", OFFICE, 1) == [429]


def test_wrong_passwords_from_elsewhere_do_not_keep_the_owner_out(staff, clock):
    staff("rita")
    assert is_let_in("rita", HOME)
    for _five_minutes in range(6):
        wrong("rita", ELSEWHERE)
        assert not is_let_in("rita", OFFICE)
        assert is_let_in("rita", HOME)
        clock(5.1)


def test_a_device_used_before_lets_its_owner_in_from_everywhere(staff):
    staff("rita")
    laptop = Client()
    assert is_let_in("rita", HOME, laptop)
    laptop.cookies.pop("sessionid")
    wrong("rita", ELSEWHERE)
    # Even from where the wrong ones come: a whole school may share an address.
    assert is_let_in("rita", ELSEWHERE, laptop)


def test_the_wrong_ones_of_a_known_address_close_it(staff):
    staff("rita")
    is_let_in("rita", HOME)
    assert wrong("rita", HOME)[-1] == 429
    assert not is_let_in("rita", HOME)


def test_the_wrong_ones_of_a_known_device_close_it(staff):
    staff("rita")
    laptop = Client()
    is_let_in("rita", HOME, laptop)
    assert wrong("rita", OFFICE, 7, laptop) == [200] * 4 + [429] * 3
    assert not is_let_in("rita", HOME, laptop)


def test_a_device_is_known_for_the_accounts_that_logged_in_with_it_alone(staff):
    staff("ida")
    staff("rita")
    laptop = Client()
    is_let_in("ida", HOME, laptop)
    wrong("rita", ELSEWHERE)
    assert not is_let_in("rita", OFFICE, laptop)
    assert is_let_in("ida", OFFICE, laptop)


def test_two_people_with_one_computer_are_both_known_there(staff):
    staff("ida")
    staff("rita")
    shared = Client()
    is_let_in("ida", HOME, shared)
    is_let_in("rita", HOME, shared)
    for name in ("ida", "rita"):
        wrong(name, f"203.0.113.{len(name)}")
        assert is_let_in(name, OFFICE, shared)


@pytest.mark.parametrize("forged", ["", "x", "a.b.c", "\0", "e30:1abcde:xxxx", "ü" * 5000])
def test_a_forged_device_is_a_strange_one(staff, forged):
    staff("rita")
    laptop = Client()
    laptop.cookies["known_device"] = forged
    wrong("rita", ELSEWHERE)
    assert post("rita", PASSWORD, OFFICE, laptop).status_code == 429


def test_an_address_and_a_device_are_forgotten_after_90_days(staff, clock):
    staff("rita")
    is_let_in("rita", HOME, laptop := Client())
    assert laptop.cookies["known_device"]["max-age"] == 90 * 24 * 3600
    for days, expected in ((89, True), (91, False)):
        clock(days * DAY)
        wrong("rita", ELSEWHERE)
        is_known = [
            post("rita", PASSWORD, *each).status_code == 302 for each in ((HOME,), (OFFICE, laptop))
        ]
        assert is_known == [expected] * 2
        clock(5.1)


def test_logins_of_long_ago_leave_the_table(staff, clock):
    staff("rita")
    is_let_in("rita", HOME)
    clock(91 * DAY)
    is_let_in("rita", OFFICE)
    assert [row.ip_address for row in AccessLog.objects.all()] == [OFFICE]


def test_the_device_is_a_cookie_no_script_reads(staff, settings):
    staff("rita")
    laptop = Client()
    is_let_in("rita", HOME, laptop)
    cookie = laptop.cookies["known_device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        "Lax",
        "/admin/login/",
    )
    assert "rita" not in cookie.value
    assert not cookie["secure"]
    settings.SESSION_COOKIE_SECURE = True
    is_let_in("rita", HOME, other := Client())
    assert other.cookies["known_device"]["secure"]


def test_guesses_from_many_addresses_are_five_an_account(staff):
    staff("rita")
    statuses = [wrong("rita", f"203.0.113.{number}", 1)[0] for number in range(40)]
    assert statuses == [200] * 4 + [429] * 36


def test_guesses_at_many_accounts_are_five_an_address(staff):
    statuses = [wrong(staff(f"owner{number}").username, HOME, 1)[0] for number in range(20)]
    assert statuses == [200] * 4 + [429] * 16


def test_the_addresses_of_one_ipv6_network_are_one(staff):
    statuses = [
        wrong(staff(f"owner{number}").username, f"2001:db8:1:2::{number:x}", 1)[0]
        for number in range(8)
    ]
    assert statuses == [200] * 4 + [429] * 4
    assert is_let_in("owner1", "2001:db8:1:3::1")


def test_a_known_address_gets_five_guesses_and_no_more(staff):
    staff("rita")
    is_let_in("rita", HOME)
    wrong("rita", ELSEWHERE)
    assert wrong("rita", HOME, 12) == [200] * 4 + [429] * 8


def test_a_locked_account_looks_like_a_locked_name_nobody_has(staff):
    staff("rita")
    pages = []
    for name in ("rita", "nobody"):
        wrong(name, f"203.0.113.{len(name)}")
        answer = post(name, PASSWORD, f"198.51.100.{len(name)}")
        pages.append((answer.status_code, answer.content.replace(name.encode(), b"")))
    assert pages[0] == pages[1]
    assert pages[0][0] == 429


def test_a_student_s_right_password_counts_like_a_wrong_one(student):
    one = student("S1001")
    one.set_password(PASSWORD)
    one.save()
    statuses = [post("S1001", PASSWORD, HOME).status_code for _ in range(6)]
    assert statuses == wrong("S1002", OFFICE, 6) == [200] * 4 + [429] * 2
    answers = [post("S1001", PASSWORD, ELSEWHERE), post("S1002", PASSWORD, "::1")]
    assert {answer.status_code for answer in answers} == {429}


def test_the_page_after_a_student_s_right_password_is_that_of_a_wrong_one(student):
    one = student("S1001")
    one.set_password(PASSWORD)
    one.save()
    answers = [post("S1001", PASSWORD, HOME), post("S1001", WRONG, OFFICE)]
    pages = [re.sub('name="csrf[^>]*>', "", text_of(answer)) for answer in answers]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, "Wait 5 minutes, then try again. Trying on does not make it longer."),
        (3.5, "Wait 2 minutes, then try again. Trying on does not make it longer."),
        (4.5, "Wait 1 minute, then try again. Trying on does not make it longer."),
    ],
)
def test_the_page_says_how_many_minutes(staff, clock, minutes, expected):
    staff("rita")
    wrong("rita", HOME)
    clock(minutes)
    answer = post("rita", WRONG, HOME)
    assert (answer.status_code, expected in text_of(answer)) == (429, True)


def test_trying_on_does_not_make_it_longer(staff, clock):
    staff("rita")
    wrong("rita", HOME)
    for _minute in range(4):
        clock(1)
        wrong("rita", HOME, 3)
    clock(1.1)
    assert is_let_in("rita", HOME)


def test_a_clock_set_back_an_hour_neither_locks_for_good_nor_opens(staff, clock):
    staff("rita")
    wrong("rita", HOME)
    clock(-60)
    answer = post("rita", PASSWORD, HOME)
    assert (answer.status_code, "Wait 5 minutes" in text_of(answer)) == (429, True)
    clock(4.9)
    assert not is_let_in("rita", HOME)
    clock(0.2)
    assert is_let_in("rita", HOME)


def test_a_clock_set_back_leaves_known_places_known(staff, clock):
    staff("rita")
    is_let_in("rita", HOME, laptop := Client())
    clock(-60)
    wrong("rita", ELSEWHERE)
    assert is_let_in("rita", HOME)
    assert is_let_in("rita", OFFICE, laptop)


def test_old_attempts_leave_the_table(staff, clock):
    staff("rita")
    wrong("rita", HOME)
    clock(5.1)
    wrong("ida", OFFICE, 1)
    assert AccessAttempt.objects.count() == 1


needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite writes one at a time"
)


@needs_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("spread", ["one account", "one address"])
def test_of_twenty_guesses_at_once_five_are_answered(staff, spread, checked_passwords):
    names = [staff(f"owner{number}").username for number in range(20)]
    by_account = [(names[0], f"203.0.113.{number}") for number in range(20)]
    by_address = [(name, HOME) for name in names]
    tries = by_account if spread == "one account" else by_address
    statuses = at_once(
        [lambda each=each: post(each[0], WRONG, each[1]).status_code for each in tries]
    )
    assert len(checked_passwords) == 5
    assert statuses.count(200) <= 5
    assert statuses.count(429) >= 15


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_the_right_password_among_twenty_at_once_is_not_looked_for_twice(staff, checked_passwords):
    staff("rita")
    jobs = [
        lambda n=n: post("rita", PASSWORD if n == 19 else WRONG, f"203.0.113.{n}").status_code
        for n in range(20)
    ]
    at_once(jobs)
    assert len(checked_passwords) <= 6


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_twenty_people_of_one_address_get_in_at_once(staff):
    names = [staff(f"owner{number}").username for number in range(20)]
    assert all(at_once([lambda name=name: is_let_in(name, HOME) for name in names]))


@pytest.fixture
def checked_passwords(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names whose passwords were looked at, with the time a real hash takes."""
    names: list[str] = []
    real = ModelBackend.authenticate

    def slow(self: Any, request: Any, username: Any = None, **kwargs: Any) -> Any:
        names.append(username)
        threading.Event().wait(0.1)
        return real(self, request, username=username, **kwargs)

    monkeypatch.setattr(ModelBackend, "authenticate", slow)
    return names
