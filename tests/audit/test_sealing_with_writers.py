"""Sealing while others write: nothing slips in behind a seal, and readers hold nothing up."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from backoffice.apps.courses.models import CourseTag
from backoffice.audit.models import Block, BlockPart, ChangeSet
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.connections import somebody

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
HISTORY = "courses_historicalcoursetag"
MOST_WRITES = 5_000  # of a writer


def put_in(cursor: Any, name: str) -> None:
    cursor.execute("INSERT INTO courses_coursetag (name, description) VALUES (%s, '')", [name])


def sealed_rows() -> int:
    return sum(BlockPart.objects.filter(table_name=HISTORY).values_list("row_count", flat=True))


def test_a_row_that_may_still_come_before_is_waited_for():
    with somebody() as early:
        put_in(early, "early")
        CourseTag.objects.create(name="late")
        done = seal(patience=0.2)
        assert (done.blocks, done.waiting_for) == (0, 1)
        early.connection.commit()
        assert seal(patience=0.2).blocks == 1
    assert sealed_rows() == CourseTag.history.count() == 2
    assert (verify().status, seal().blocks) == (0, 0)


def test_a_row_that_is_rolled_back_leaves_a_gap_and_no_doubt():
    with somebody() as early:
        put_in(early, "early")
        CourseTag.objects.create(name="late")
        early.connection.rollback()
        assert seal(patience=0.2).blocks == 1
    assert sealed_rows() == 1
    assert verify().status == 0


def test_a_transaction_that_only_reads_holds_nothing_up():
    CourseTag.objects.create(name="one")
    with somebody() as reader:
        reader.execute("SELECT count(*) FROM courses_coursetag")
        assert seal(patience=0.2).blocks == 1


def test_a_transaction_that_writes_elsewhere_holds_nothing_up():
    CourseTag.objects.create(name="one")
    with somebody() as other:
        other.execute("DELETE FROM django_session")
        assert seal(patience=0.2).blocks == 1


def write_until(has_sealed: threading.Event, number: int) -> None:
    """Write tags and take a third of them back, until something was sealed beside it."""
    with somebody() as cursor:
        for number_written in range(MOST_WRITES):
            if number_written >= 25 and has_sealed.is_set():
                return
            put_in(cursor, f"tag {number} {number_written}")
            if number_written % 3 == 2:
                cursor.connection.rollback()
            else:
                cursor.connection.commit()


def test_among_many_writers_every_row_is_sealed_once():
    has_sealed = threading.Event()

    def seal_repeatedly() -> None:
        while any(thread.is_alive() for thread in writers):
            if seal(patience=1).blocks:
                has_sealed.set()
        connections.close_all()

    writers = [
        threading.Thread(target=write_until, args=(has_sealed, number)) for number in range(4)
    ]
    sealers = [threading.Thread(target=seal_repeatedly) for _number in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in (*writers, *sealers):
        thread.join()
    seal()
    assert sealed_rows() == CourseTag.history.count() == CourseTag.objects.count()
    assert (verify().status, verify().altered) == (0, [])
    changes = BlockPart.objects.filter(table_name="audit_changeset")
    assert sum(changes.values_list("row_count", flat=True)) == ChangeSet.objects.count()
    assert Block.objects.count() > 1
