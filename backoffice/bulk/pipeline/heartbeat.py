"""The heartbeat of a batch under work: it shows progress, and ends work that was cancelled.

Whoever cancels changes the batch's state. The heartbeat finds another state than the work began
with, and ends the statement under way.
"""

import contextlib
import logging
import threading
from types import TracebackType
from typing import Any

import psycopg2
from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.sql import dialects
from backoffice.bulk.sql.sqlite_locks import SqliteLocks
from backoffice.operations.threads import Thread

BEAT = 0.5  # seconds
READING = Batch.State.READING
VISIBLE = ("phase", "progress", "rows_read", "rows_expected")
STEPS = 500_000  # of SQLite's machine, about 20 ms
log = logging.getLogger("backoffice.bulk")


class Interrupted(Exception):
    """The batch was cancelled while it was worked on; nothing of this work is saved."""


def show(run: BatchRun, state: str) -> bool:
    """Write the progress of the work; False if the batch has left this state."""
    values = {name: getattr(run, name) for name in VISIBLE}
    values["progress"] = min(run.progress, 99)  # 100 comes with the end of the work
    # A beat may wait here for the end of the work, or for a cancel. PostgreSQL then looks again at
    # the columns of this row, not at other tables: hence `progress` and `begun_at`, and no join.
    unfinished = BatchRun.objects.filter(
        Exists(Batch.objects.filter(pk=OuterRef("pk"), state=state)),
        pk=run.pk,
        progress__lt=100,
        begun_at=run.begun_at,
    )
    return bool(unfinished.update(**values, touched_at=timezone.now()))


class Heartbeat:
    """Runs beside the work on a batch. Leaving it raises Interrupted if the work was ended."""

    def __init__(self, batch: Batch) -> None:
        # The run itself: a refresh of the batch takes it away from there for a moment.
        self.batch, self.run, self.state = batch, batch.run, str(batch.state)
        self.dialect = dialects.current()
        self.guard = threading.Lock()
        self.is_over = threading.Event()
        self.is_ended = False
        self.thread: Thread | None = None

    def __enter__(self) -> "Heartbeat":
        connection.ensure_connection()
        borrowed = connection.connection
        self.raw: Any = getattr(borrowed, "dbapi_connection", borrowed)
        if connection.vendor == "sqlite":
            # One writer at a time: the reading writes its progress itself, a lock shows that it
            # lives, and a mark beside the uploads ends a statement.
            if self.state == READING:
                SqliteLocks.hold(self.batch.pk)
            SqliteLocks.mark(self.batch.pk).unlink(missing_ok=True)
            self.raw.set_progress_handler(self._is_marked, STEPS)
        elif not connection.in_atomic_block:  # else nobody sees the batch, nor may it be ended
            # The work is one transaction, invisible before its end: so another connection.
            self.thread = Thread(target=self._beat, name=f"heartbeat-{self.batch.pk}", daemon=True)
            self.thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType
    ) -> None:
        with self.guard:
            self.is_over.set()
        if connection.vendor == "sqlite":
            self.raw.set_progress_handler(None, 0)
            if self.state == READING:
                self.dialect.release(self.batch.pk)
            SqliteLocks.mark(self.batch.pk).unlink(missing_ok=True)
        elif self.thread:
            self.thread.join()
        if self.is_ended and isinstance(error, DatabaseError):
            raise Interrupted from error

    def _is_marked(self) -> bool:
        """Called by SQLite in the middle of a statement; True ends it."""
        self.is_ended = self.is_ended or SqliteLocks.mark(self.batch.pk).exists()
        return self.is_ended

    def _beat(self) -> None:
        while not self.is_over.wait(BEAT):
            try:
                if not self.is_ended and show(self.run, self.state):
                    continue
            except DatabaseError as error:
                log.warning("Import %s: no sign of life was kept: %s", self.batch.pk, error)
                continue
            self._end()

    def _end(self) -> None:
        # Between two statements there is none to cancel: the next beat tries again.
        with self.guard:
            if not self.is_over.is_set():
                self.is_ended = self.run.is_cancelled = True
                with contextlib.suppress(psycopg2.Error):  # lost: it has ended already
                    self.raw.cancel()
