"""A killed process leaves no row, and its batch says that it failed."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs.cleanup import STARTS_WITHIN, fail_if_dead
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.read.staging_file import StagingFile

ROWS = 30_000
ROOT = Path(__file__).resolve().parents[3]
# Stops where the rows are written and the transaction is still open, and says so.
SCRIPT = """
import sys, time, django
django.setup()
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.import_run import Import

def stop(self, cursor):
    print("written", flush=True)
    time.sleep(60)

Import.drop = stop
batch = Batch.objects.get(pk=int(sys.argv[1]))
apply(batch, batch.digest, None)
"""


def is_staged(batch: Batch) -> bool:
    """Whether the rows of the batch's file are still in the database."""
    work = Import(batch)
    with connection.cursor() as cursor:
        return work.dialect.has_tables(cursor, [work.tables.stage])


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's test database is in memory")
def test_killing_the_process_in_the_middle_of_an_apply_leaves_no_row(upload):
    Course.objects.create(code="BIO101", presentation="2026J", slug="bio")
    User.objects.bulk_create(
        User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(ROWS)
    )
    lines = [f"s{n:06},BIO101,2026J" for n in range(ROWS)]
    batch = upload("enrollments", "student_id,course_code,presentation\n" + "\n".join(lines))
    settings = connection.settings_dict
    address = f"postgres://postgres@{settings['HOST'].replace('/', '%2F')}/{settings['NAME']}"
    environment = os.environ | {
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "PRIVATE_ROOT": str(batch.path.parents[1]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(batch.pk)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline().strip() == "written"
        assert Batch.objects.get(pk=batch.pk).state == Batch.State.APPLYING
        process.send_signal(signal.SIGKILL)
    wait_until_the_server_notices()
    BatchRun.objects.filter(pk=batch.pk).update(touched_at=timezone.now() - STARTS_WITHIN * 2)

    failed = fail_if_dead(Batch.objects.get(pk=batch.pk))

    assert failed.state == Batch.State.FAILED
    assert failed.sentence == (
        "The process that applied the file ended before it was done."
        " Nothing was written; try again."
    )
    assert not Enrollment.objects.exists()
    assert not Enrollment.history.exists()


def wait_until_the_server_notices() -> None:
    """The server rolls back when it finds the connection gone: once its statement has ended."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.1)
    pytest.fail("The server still holds the lock of the killed process.")


def test_a_batch_that_is_being_applied_is_left_alone(upload, courses, student):
    student("s1001")
    batch = upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J")
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.APPLYING)
    BatchRun.objects.filter(pk=batch.pk).update(touched_at=timezone.now())
    assert fail_if_dead(Batch.objects.get(pk=batch.pk)).state == Batch.State.APPLYING


def test_a_reading_that_fell_silent_has_failed(upload, courses):
    batch = upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J")
    silent = timezone.now() - timedelta(minutes=5)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.READING)
    BatchRun.objects.filter(pk=batch.pk).update(touched_at=silent)

    failed = fail_if_dead(Batch.objects.get(pk=batch.pk))
    assert failed.sentence == (
        "The reading stopped before its end. Nothing was written; read it again."
    )


def test_a_preview_nobody_decided_on_is_removed_after_a_day(
    upload, courses, student, django_capture_on_commit_callbacks
):
    student("s1001")
    old, new = (
        upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J")
        for _ in range(2)
    )
    Batch.objects.filter(pk=old.pk).update(uploaded_at=timezone.now() - timedelta(hours=25))
    path = old.path
    with django_capture_on_commit_callbacks(execute=True):
        call_command("discard_imports", stdout=StringIO())

    states = dict(Batch.objects.values_list("pk", "state"))
    assert states == {old.pk: "discarded", new.pk: "previewed"}
    assert not path.exists()
    assert new.path.exists()
    assert not is_staged(old)
    assert is_staged(new)


@pytest.mark.django_db(transaction=True)
def test_a_refused_file_is_removed_after_a_day_and_what_was_wrong_stays(upload, courses):
    batch = upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J")
    assert batch.state == Batch.State.REFUSED
    path = batch.path
    Batch.objects.update(uploaded_at=timezone.now() - timedelta(hours=25))
    call_command("discard_imports", stdout=StringIO())

    batch.refresh_from_db()
    assert not path.exists()
    assert (batch.state, batch.can_leave_out, bool(batch.file)) == ("refused", False, False)
    assert batch.issues.get().code == "unknown_student"
    assert not is_staged(batch)


def test_a_dead_batch_fails_without_anybody_opening_its_page(upload, courses, student):
    student("s1001")
    batch = upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J")
    dead = timezone.now() - timedelta(hours=30)
    Batch.objects.update(state=Batch.State.APPLYING, uploaded_at=dead)
    BatchRun.objects.update(touched_at=dead)
    call_command("discard_imports", stdout=StringIO())

    batch.refresh_from_db()
    assert (batch.state, bool(batch.file)) == ("failed", False)
    assert not is_staged(batch)


def test_a_file_discarded_while_it_is_read_stays_discarded(upload, courses, monkeypatch):
    real = Import.read

    def read_and_discard(self: Import, staging_file: StagingFile) -> list[str]:
        Batch.objects.filter(pk=self.batch.pk).update(state=Batch.State.DISCARDED)
        return real(self, staging_file)

    monkeypatch.setattr(Import, "read", read_and_discard)
    batch = upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J")
    assert batch.state == Batch.State.DISCARDED
    assert not batch.issues.exists()
    assert not is_staged(batch)
