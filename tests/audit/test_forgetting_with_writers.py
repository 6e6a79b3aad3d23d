"""A person is forgotten while others write: nothing of them is left behind, and all verifies."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.courses.models import CourseTag
from backoffice.apps.users.models import Profile, User
from backoffice.audit.models import Erasure
from backoffice.audit.seal import erasure
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.audit.test_forgetting import texts
from tests.connections import somebody

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
WHY = "A request under data protection law"
WRITERS = 4


@pytest.fixture
def ada(student: Any, admin: User) -> User:
    """A student who has left, with fifty versions of herself."""
    row = student("S1001", first_name="Ada", last_name="Lovelace", is_active=False)
    Profile.objects.create(user=row, phone="+44 20 7946 0000", city="London")
    for year in range(2000, 2050):
        User.objects.filter(pk=row.pk).update(graduation_year=year)
    seal()
    return row


def forget(username: str) -> str:
    out = io.StringIO()
    call_command("forget_person", username, reason=WHY, stdout=out)
    return out.getvalue()


@pytest.fixture
def at_once() -> Iterator[Callable[[Callable[[Any, int], None]], None]]:
    """Lets several people write, each again and again by a connection of their own."""
    is_over, threads, errors = threading.Event(), [], list[Exception]()

    def go_on(write: Callable[[Any, int], None], number: int) -> None:
        with somebody() as cursor:
            turn = number
            while not is_over.is_set():
                try:
                    write(cursor, turn)
                    cursor.connection.commit()
                except psycopg2.errors.DeadlockDetected:
                    cursor.connection.rollback()
                except Exception as error:
                    errors.append(error)
                    return
                turn += WRITERS

    def start(write: Callable[[Any, int], None]) -> None:
        for number in range(WRITERS):
            threads.append(threading.Thread(target=go_on, args=(write, number)))
            threads[-1].start()
        time.sleep(0.3)

    yield start
    is_over.set()
    for thread in threads:
        thread.join()
    connections.close_all()
    assert errors == []


def test_while_others_write_about_her_and_about_others(ada: User, admin: User, at_once: Any):
    def write(cursor: Any, turn: int) -> None:
        year = 1990 + turn % 60
        cursor.execute("UPDATE users_user SET graduation_year = %s WHERE id = %s", [year, ada.pk])
        cursor.execute(
            "INSERT INTO courses_coursetag (name, description) VALUES (%s, '')", [f"tag {turn}"]
        )

    at_once(write)
    assert forget("S1001").startswith(f"Person {ada.pk} is forgotten: ")
    time.sleep(0.3)
    left = texts()
    for word in ("S1001", "Lovelace", "7946 0000"):
        assert word not in left, word
    seal()
    assert (verify().altered, verify().forgotten) == ([], Erasure.objects.count())
    assert CourseTag.objects.count() > WRITERS


def test_a_message_on_its_way_is_waited_for(ada: User, admin: User):
    with somebody() as cursor:
        message = DirectMessage(sender=ada, recipient=admin, subject="Farewell", body="A secret")
        put_in(cursor, message)
        forgetting = threading.Thread(target=in_a_thread, args=("S1001",))
        forgetting.start()
        time.sleep(0.5)
        assert forgetting.is_alive()  # it waits
        cursor.connection.commit()
        forgetting.join()
    left = texts()
    for word in ("Farewell", "secret", "Lovelace"):
        assert word not in left, word
    seal()
    assert verify().altered == []


def put_in(cursor: Any, row: Any) -> None:
    """Insert a row by somebody else's connection."""
    fields = [f for f in row._meta.concrete_fields if not f.primary_key and not f.generated]
    values = [f.get_db_prep_save(f.pre_save(row, True), connection) for f in fields]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    cursor.execute(f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({marks})", values)


def in_a_thread(username: str) -> None:
    forget(username)
    connections.close_all()


def test_twice_at_once_is_once(ada: User):
    threads = [threading.Thread(target=in_a_thread, args=("S1001",)) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "nothing was changed" in forget(f"forgotten-{ada.pk}")
    assert (verify().altered, verify().forgotten) == ([], Erasure.objects.count())


def test_whoever_does_not_stop_writing_is_named_and_nothing_is_changed(
    ada: User, admin: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erasure, "PATIENCE", 0.2)
    with somebody() as cursor:
        message = DirectMessage(sender=ada, recipient=admin, subject="Farewell", body="A secret")
        put_in(cursor, message)
        with pytest.raises(CommandError) as refused:
            forget("S1001")
    assert str(refused.value) == (
        "Somebody has been writing for a minute, and it may be about S1001. Nothing was changed; "
        "try again."
    )
    assert User.objects.get(pk=ada.pk).last_name == "Lovelace"
    assert not Erasure.objects.exists()
