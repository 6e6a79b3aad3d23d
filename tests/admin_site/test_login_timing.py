"""A login takes the same work whichever name is tried: hashing, and queries of the database.

The time itself is measured by `make drill-login`.
"""

import re
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.apps.users.models import User

RIGHT, WRONG = "a password for tests", "a wrong password"
ROUNDS = 1000


@pytest.fixture
def rounds(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rounds of each hash computed."""
    settings.PASSWORD_HASHERS = settings.LOGIN_HASHERS
    computed: list[int] = []
    real = hashers.pbkdf2

    def pbkdf2(password: Any, salt: Any, iterations: int, *more: Any, **others: Any) -> bytes:
        computed.append(iterations)
        return real(password, salt, iterations, *more, **others)

    monkeypatch.setattr(hashers, "pbkdf2", pbkdf2)
    monkeypatch.setattr(hashers.PBKDF2PasswordHasher, "iterations", ROUNDS)
    return computed


@pytest.fixture
def people(rounds: list[int], person: Any, student: Any) -> list[int]:
    hasher = hashers.PBKDF2PasswordHasher()
    current = hasher.encode(RIGHT, hasher.salt())
    person("registrar", "staff", password=RIGHT)
    person("registrar", "inactive", password=RIGHT, is_active=False)
    student("S1001", username="student", password=current)
    person("registrar", "none")
    for name, password in (
        ("older", hasher.encode(RIGHT, hasher.salt(), 400)),
        ("other", "pbkdf2_sha1$1$salt$x"),
        ("gibberish", "x"),
        ("blank", ""),
    ):
        person("registrar", name)
        User.objects.filter(username=name).update(password=password)
    return rounds


KINDS = [
    *(("nobody", WRONG), ("staff", WRONG), ("inactive", WRONG), ("inactive", RIGHT)),
    *(("student", WRONG), ("student", RIGHT), ("none", WRONG), ("older", WRONG)),
    *(("other", WRONG), ("gibberish", WRONG), ("blank", WRONG)),
]


def work(name: str, password: str, rounds: list[int]) -> tuple[int, list[str], int]:
    """Rounds of hashing, the kinds of statements, and the status."""
    rounds.clear()
    address = f"192.0.2.{KINDS.index((name, password))}"
    credentials = {"username": name, "password": password}
    with CaptureQueriesContext(connection) as queries:
        answer = Client().post("/admin/login/", credentials, REMOTE_ADDR=address)
    statements = [each["sql"].split("WHERE")[0].split("VALUES")[0] for each in queries]
    # Each savepoint has a number of its own.
    plain = [re.sub("[0-9]", "", each[:60]) for each in statements]
    return sum(rounds), plain, answer.status_code


def test_every_name_takes_the_same_hashing_and_the_same_queries(people):
    expected = work("nobody", WRONG, people)
    assert expected[0] == ROUNDS
    for name, password in KINDS:
        assert work(name, password, people) == expected, (name, password)


def test_a_locked_account_takes_the_work_of_a_locked_name_nobody_has(people):
    outcomes = []
    for name in ("staff", "nobody"):
        for number in range(5):
            credentials = {"username": name, "password": WRONG}
            Client().post("/admin/login/", credentials, REMOTE_ADDR=f"198.51.100.{number}")
        Client().post("/admin/login/", {"username": name, "password": WRONG})
        people.clear()
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post("/admin/login/", {"username": name, "password": RIGHT})
        outcomes.append((answer.status_code, sum(people), len(queries)))
        AccessAttempt.objects.all().delete()
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][:2] == (429, 0)


def test_production_has_one_hasher(settings):
    assert settings.LOGIN_HASHERS == ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
