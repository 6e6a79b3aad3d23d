"""The pause after wrong passwords, against an oracle of its own: random tries of three people.

The owner works at home and in the office, with a laptop or without. An insider with an account of
their own sits in the office, too, and guesses at the owner's. An attacker has two addresses that
nobody else uses, and knows both names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from axes.models import AccessAttempt, AccessLog
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import User

PASSWORD, LIMIT, PAUSE = "a password for tests", 5, 5.0  # minutes
HOME, OFFICE, FIRST, SECOND = "192.0.2.1", "198.51.100.7", "203.0.113.1", "203.0.113.2"

# Who tries which account with which password, from where, with which device.
OWN = st.tuples(
    st.just("owner"),
    st.sampled_from(["right", "right", "wrong"]),
    st.sampled_from([HOME, OFFICE]),
    st.sampled_from(["", "laptop"]),
)
INSIDER = st.tuples(
    st.sampled_from(["owner", "insider"]),
    st.sampled_from(["right", "wrong"]),
    st.just(OFFICE),
    st.sampled_from(["", "insider's"]),
).map(lambda each: ("owner", "wrong", *each[2:]) if each[0] == "owner" else each)
ATTACKER = st.tuples(
    st.sampled_from(["owner", "insider", "nobody"]),
    st.just("wrong"),
    st.sampled_from([FIRST, SECOND]),
    st.just(""),
)
WAIT = st.sampled_from([0.1, 1.0, 2.5, 5.1])
STEPS = st.lists(st.one_of(OWN, INSIDER, ATTACKER, ATTACKER, WAIT), max_size=40)


@dataclass
class Oracle:
    """What the documentation says, in the simplest way: every try is looked through each time."""

    now: float = 0.0
    wrong: list[tuple[float, str, str, str]] = field(default_factory=list)
    places: set[tuple[str, str]] = field(default_factory=set)
    devices: set[tuple[str, str]] = field(default_factory=set)

    def is_open(self, account: str, address: str, device: str) -> bool:
        recent = [each[1:] for each in self.wrong if each[0] > self.now - PAUSE]
        if (account, device) in self.devices:
            return sum((a, d) == (account, device) for a, _w, d in recent) < LIMIT
        if sum(where == address for _a, where, _d in recent) >= LIMIT:
            return False
        is_place = (account, address) in self.places
        return is_place or sum(a == account for a, _w, _d in recent) < LIMIT

    def go_on(self, account: str, is_right: bool, address: str, device: str) -> None:
        """What an answered try leaves behind."""
        known = device if (account, device) in self.devices else ""
        if not is_right:
            self.wrong.append((self.now, account, address, known))
            return
        self.wrong = [each for each in self.wrong if not self._own(each, account, address, known)]
        self.places.add((account, address))
        if device:
            self.devices.add((account, device))

    def _own(self, wrong: Any, account: str, address: str, known: str) -> bool:
        _when, whose, where, device = wrong
        same_place = device == known if known else (where, device) == (address, "")
        return whose == account and same_place


@contextmanager
def moving_clock() -> Iterator[list[float]]:
    begin, minutes = timezone.now(), [0.0]

    def moved() -> Any:
        return begin + timedelta(minutes=minutes[0])

    with patch.object(timezone, "now", moved), patch("axes.handlers.proxy.now", moved):
        yield minutes


@pytest.fixture
def people(person: Any) -> None:
    for name in ("owner", "insider"):
        one: User = person("registrar", name)
        one.set_password(PASSWORD)
        one.save()


def attempt(client: Client, account: str, password: str, address: str) -> int:
    client.cookies.pop("sessionid", None)
    credentials = {"username": account, "password": PASSWORD if password == "right" else "wrong"}
    answer = client.post("/admin/login/", credentials, REMOTE_ADDR=address)
    return int(answer.status_code)


def forget_everything() -> None:
    AccessAttempt.objects.all().delete()
    AccessLog.objects.all().delete()


properties = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@properties
@given(steps=STEPS)
def test_every_try_is_answered_as_the_oracle_says(people, steps):
    forget_everything()
    oracle, clients = Oracle(), {"laptop": Client(), "insider's": Client()}
    answered: list[tuple[float, str, str]] = []
    with moving_clock() as minutes:
        for step in steps:
            if isinstance(step, float):
                minutes[0] += step
                oracle.now = minutes[0]
                continue
            account, password, address, device = step
            is_open = oracle.is_open(account, address, device)
            status = attempt(clients.get(device) or Client(), account, password, address)
            is_right = password == "right"
            if is_open:
                oracle.go_on(account, is_right, address, device)
                answered += [(minutes[0], account, address)] * (address in (FIRST, SECOND))
            # The fifth wrong one is looked at, and answered with the pause.
            is_last = not is_right and not oracle.is_open(account, address, device)
            expected = 429 if not is_open or is_last else 302 if is_right else 200
            assert status == expected, step
    assert_few(answered)


def assert_few(answered: list[tuple[float, str, str]]) -> None:
    """That the attacker never gets more than five guesses in five minutes."""
    for begin, *_rest in answered:
        window = [each[1:] for each in answered if begin <= each[0] < begin + PAUSE]
        for place in (0, 1):  # by account, by address
            values = [each[place] for each in window]
            assert all(values.count(value) <= LIMIT for value in values)


BACK = st.just(-60.0)
ATTACKS = st.lists(st.one_of(ATTACKER, ATTACKER, ATTACKER, WAIT, BACK), max_size=40)


@properties
@given(steps=ATTACKS)
def test_a_clock_set_back_gives_no_guess_and_locks_no_longer(people, steps):
    forget_everything()
    answered: list[tuple[float, str, str]] = []
    rows: set[int] = set()
    really = 0.0  # minutes that passed, whatever the clock says
    with moving_clock() as minutes:
        for step in steps:
            if isinstance(step, float):
                minutes[0] += step
                really += max(step, 0)
                continue
            account, _password, address, _device = step
            attempt(Client(), account, "wrong", address)
            newest = AccessAttempt.objects.order_by("pk").last()
            if newest is not None and newest.pk not in rows:
                rows.add(newest.pk)
                answered.append((really, account, address))
        # Somebody looks, and five minutes later everything is open.
        attempt(Client(), "owner", "right", HOME)
        minutes[0] += PAUSE + 0.1
        assert attempt(Client(), "owner", "right", HOME) == 302
    assert_few(answered)
