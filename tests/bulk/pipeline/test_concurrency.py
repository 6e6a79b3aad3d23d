"""Imports at the same time: nobody meets a deadlock, and a cancelled one keeps nothing."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs.tasks import cancel
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.concurrency import TRIES
from backoffice.bulk.plan.writer import Writer
from backoffice.operations.threads import Thread
from tests.bulk.working import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
IS_POSTGRES = connection.vendor == "postgresql"
only_postgres = pytest.mark.skipif(not IS_POSTGRES, reason="SQLite's test database is in memory")
ROWS = 2_000
HEADER = "student_id,course_code,presentation\n"
FOREVER = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000) "
    "SELECT count(*) FROM n"
)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    Course.objects.create(code="BIO101", presentation="2026J", slug="bio")
    User.objects.bulk_create(
        User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(ROWS)
    )
    return [f"s{n:06},BIO101,2026J\n" for n in range(ROWS)]


def applied_in_thread(batch: Batch, actor: User, outcomes: dict[int, str]) -> Thread:
    def run() -> None:
        try:
            outcomes[batch.pk] = apply(batch, batch.digest, actor).state
        except NotApplied as refusal:
            outcomes[batch.pk] = str(refusal)

    thread = Thread(target=run)
    thread.start()
    return thread


@only_postgres
def test_overlapping_files_in_opposite_order_lock_nobody_out(upload, lines, registrar, monkeypatch):
    real, both = Writer.insert, threading.Barrier(2)

    def insert_half(self: Writer, cursor: Any) -> int:
        """Half of the rows, then, if the other is there, the rest: where two would meet."""
        with pytest.MonkeyPatch.context() as patch:
            source = self._source()
            half = f"{source} AND p.row_no <= {ROWS // 2}"
            rest = f"{source} AND p.row_no > {ROWS // 2}"
            patch.setattr(self, "_source", lambda: half)
            written = real(self, cursor)
            try:
                both.wait(1)
            except threading.BrokenBarrierError:
                both.reset()
            patch.setattr(self, "_source", lambda: rest)
            return written + real(self, cursor)

    monkeypatch.setattr(Writer, "insert", insert_half)
    one = upload("enrollments", HEADER + "".join(lines))
    other = upload("enrollments", HEADER + "".join(reversed(lines)))
    outcomes: dict[int, str] = {}
    for thread in [applied_in_thread(batch, registrar, outcomes) for batch in (one, other)]:
        thread.join()

    changed = "The data changed since the preview, so nothing was written. Look at the new preview."
    assert sorted(outcomes.values()) == sorted(["applied", changed])
    assert Enrollment.history.count() == ROWS


@only_postgres
def test_a_deadlock_with_somebody_else_is_tried_again(upload, lines, registrar, monkeypatch):
    real, tries = Writer.write, []

    def write(self: Writer, cursor: Any) -> int:
        tries.append(1)
        if len(tries) < TRIES:
            cursor.execute("DO $$ BEGIN RAISE 'met' USING ERRCODE = '40P01'; END $$")
        return real(self, cursor)

    monkeypatch.setattr(Writer, "write", write)
    batch = upload("enrollments", HEADER + "".join(lines[:3]))
    assert apply(batch, batch.digest, registrar).state == "applied"
    assert len(tries) == TRIES
    assert Enrollment.history.count() == 3


def write_for_ever(self: Writer, cursor: Any) -> int:
    self.insert(cursor)
    cursor.execute(FOREVER)
    return 0


@only_postgres
def test_a_cancelled_apply_ends_in_the_middle_of_a_statement_and_writes_nothing(
    upload, lines, registrar, monkeypatch
):
    monkeypatch.setattr(Writer, "write", write_for_ever)
    batch = upload("enrollments", HEADER + "".join(lines))
    outcomes: dict[int, str] = {}
    thread = applied_in_thread(batch, registrar, outcomes)
    writing = Batch.objects.filter(pk=batch.pk, run__phase="writing")
    wait_until(writing.exists, "the heartbeat to report the writing")
    before = writing.get().run.touched_at
    wait_until(lambda: writing.get().run.touched_at > before, "a sign of life from outside")

    assert cancel(Batch.objects.get(pk=batch.pk))
    thread.join(20)
    assert not thread.is_alive()
    assert outcomes == {batch.pk: "Cancelled. Nothing was written; the file can still be applied."}
    assert not Enrollment.objects.exists()
    assert not Enrollment.history.exists()

    monkeypatch.undo()
    assert apply(Batch.objects.get(pk=batch.pk), batch.digest, registrar).state == "applied"


@pytest.mark.skipif(IS_POSTGRES, reason="PostgreSQL ends a statement by itself")
def test_on_sqlite_a_mark_ends_the_statement_under_way(upload, lines, registrar, monkeypatch):
    def write(self: Writer, cursor: Any) -> int:
        self.layout.dialect.interrupt(batch.pk)
        return write_for_ever(self, cursor)

    batch = upload("enrollments", HEADER + "".join(lines[:3]))
    monkeypatch.setattr(Writer, "write", write)
    with pytest.raises(NotApplied):
        apply(batch, batch.digest, registrar)
    assert not Enrollment.objects.exists()


def test_a_cancel_before_the_last_statement_takes_everything_back(
    upload, lines, registrar, monkeypatch
):
    """Between the last statement and the commit no signal counts: the state of the batch does."""
    real = Batch.save_as

    def save_as(self: Batch, after: str, *, before: Any) -> bool:
        if Batch.State.APPLYING in before:
            Batch.objects.filter(pk=self.pk).update(state=Batch.State.PREVIEWED)
        return real(self, after, before=before)

    batch = upload("enrollments", HEADER + "".join(lines[:3]))
    monkeypatch.setattr(Batch, "save_as", save_as)
    with pytest.raises(NotApplied):
        apply(batch, batch.digest, registrar)
    assert not Enrollment.objects.exists()
    assert not Enrollment.history.exists()
