"""Workers killed again and again: at random moments, at each statement, and two at once."""

import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.jobs import tasks
from backoffice.bulk.jobs.tasks import queue_apply
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from tests.bulk.jobs.killing import (
    ROWS,
    MakeBatch,
    kill_applies,
    kill_undos,
    recover_now,
    state_of,
    term_maker,
)
from tests.bulk.jobs.test_interrupted import wait_until_the_server_notices
from tests.bulk.working import ROOT, start_worker, wait_until
from tests.drills.conftest import AddRow

APPLY_KILLS, UNDO_KILLS = int(os.environ.get("KILLS", "50")), int(os.environ.get("UNDOS", "20"))
FILES, MANY, FEW = 12, 2_500, 40
# Ends itself in front of one statement of the worker's own connection; says how many there were.
SCRIPT = """
import os, signal, sys, threading
import django
django.setup()
from django.core.management import call_command
from django.db.backends.signals import connection_created

last, count = int(sys.argv[1]), 0

def counted(execute, *args):
    global count
    if threading.current_thread() is threading.main_thread():
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(*args)

def carry(connection, **_kwargs):
    if counted not in connection.execute_wrappers:  # it stays when the connection is made anew
        connection.execute_wrappers.insert(0, counted)

connection_created.connect(carry)
options = {"interval": 0.1, "startup_delay": False, "max_tasks": 1, "verbosity": 0}
call_command("db_worker", **options)
print(count)
"""
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make(upload: Any) -> MakeBatch:
    """Makes batches of 10,000 enrollments."""
    return term_maker(upload)


def test_fifty_applies_are_killed_in_the_middle(make, registrar, add_row: AddRow):
    kills = kill_applies(APPLY_KILLS, make, registrar)
    add_row(
        f"{APPLY_KILLS} workers killed during an apply of {ROWS:,} rows",
        f"0 half written ({kills - APPLY_KILLS} more were done before the kill)",
    )


def test_twenty_undos_are_killed_in_the_middle(make, registrar, add_row: AddRow):
    kills = kill_undos(UNDO_KILLS, make, registrar)
    add_row(
        f"{UNDO_KILLS} workers killed during an undo of {ROWS:,} rows",
        f"0 half undone ({kills - UNDO_KILLS} more were done before the kill)",
    )


def work_until(statement: int) -> subprocess.CompletedProcess[str]:
    """A worker that does one task, and kills itself in front of a statement."""
    known = connection.settings_dict
    address = f"postgres://postgres@{known['HOST'].replace('/', '%2F')}/{known['NAME']}"
    variables = {"DATABASE_URL": address, "PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(statement)],
        cwd=ROOT,
        env=os.environ | variables | {"DJANGO_SETTINGS_MODULE": "backoffice.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def counts() -> tuple[int, int]:
    """Rows and versions of enrollments."""
    return Enrollment.objects.count(), Enrollment.history.count()


def order(batch: Batch, actor: Any) -> Batch:
    """Order the apply, after a new preview where the last attempt failed."""
    if state_of(batch) != "previewed":
        batch = preview(Batch.objects.get(pk=batch.pk))
    assert queue_apply(batch, batch.digest, actor) is False
    return batch


def test_a_worker_is_killed_at_each_statement(upload, registrar, add_row: AddRow, monkeypatch):
    monkeypatch.setattr(tasks, "AT_ONCE_ROWS", 1)  # so that the worker gets a small file
    make = term_maker(upload, FEW)
    batch = order(make(0), registrar)
    before = counts()
    done = work_until(0)
    statements, (rows, versions) = int(done.stdout), counts()
    assert state_of(batch) == "applied"
    assert (rows, versions - before[1]) == (FEW, FEW)
    left: Counter[str] = Counter()
    for statement in range(1, statements + 1):
        batch = order(make(statement), registrar)
        before = counts()
        assert work_until(statement).returncode == -9
        wait_until_the_server_notices()
        recover_now()
        rows, versions = counts()
        state = state_of(batch)
        left[state] += 1
        whole = (FEW, FEW) if state == "applied" else (0, 0)
        assert (rows, versions - before[1]) == whole, (statement, state)
        finish(batch, registrar)
        rows, versions = counts()
        assert (rows, versions - before[1]) == (FEW, FEW), (statement, state)
    outcome = ", ".join(f"{number} {state}" for state, number in sorted(left.items()))
    add_row(
        f"a worker killed in front of each of its {statements} statements",
        f"0 half written; afterwards {outcome}; each file could be applied after that",
    )


def finish(batch: Batch, actor: Any) -> None:
    """Apply what a killed worker left, as its owner would."""
    state = state_of(batch)
    if state == "ordered":
        done = work_until(0)
        assert done.returncode == 0, done.stderr
    elif state != "applied":
        batch = Batch.objects.get(pk=batch.pk)
        batch = batch if state == "previewed" else preview(batch)
        apply(batch, batch.digest, actor)
    assert state_of(batch) == "applied"


def test_two_workers_apply_each_file_once(upload, registrar, add_row: AddRow):
    batches = [
        upload(
            "users", "student_id,first_name\n" + "".join(f"t{k}{n:05},Ada\n" for n in range(MANY))
        )
        for k in range(FILES)
    ]
    for batch in batches:
        assert queue_apply(batch, batch.digest, registrar) is False
    workers = [start_worker("--batch") for _number in range(2)]
    try:
        wait_until(lambda: {state_of(batch) for batch in batches} == {"applied"}, "all files", 0.2)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
    runs = [Batch.objects.get(pk=batch.pk) for batch in batches]
    assert {(each.created, each.updated) for each in runs} == {(MANY, 0)}
    add_row(f"two workers at once, {FILES} files", f"each applied once, {FILES * MANY:,} rows")
