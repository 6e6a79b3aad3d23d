"""PostgreSQL restarted in the middle of an apply: the batch fails, and the same worker goes on."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from backoffice.operations.embedded import EmbeddedServer
from backoffice.operations.server_guard import Guard
from tests.bulk.working import ROOT

# Every row is slow until the trigger is taken away, so that the restart falls among the rows.
SCRIPT = """
import io, sys, time, django
django.setup()
from django.core.management import call_command
from django.db import Error, connection, connections
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.jobs.tasks import queue_apply, order_reading
from backoffice.bulk.models import Batch

ROWS = 2_500
SLOW = '''CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON users_enrollment FOR EACH ROW EXECUTE FUNCTION slow()'''

def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)

def wait(**wanted):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if Batch.objects.filter(**wanted).exists():
                return
        except Error:
            connections.close_all()
        time.sleep(0.1)
    raise SystemExit(f"In vain waited for {wanted}: {Batch.objects.values()}")

call_command("migrate", verbosity=0)
run(SLOW)
Course.objects.create(code="BIO101", presentation="2026J", slug="bio")
User.objects.bulk_create(
    User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(ROWS)
)
actor = User.objects.create_user("registrar", role="registrar", is_staff=True)
lines = "".join(f"s{n:06},BIO101,2026J\\n" for n in range(ROWS))
text = "student_id,course_code,presentation\\n" + lines
batch = receive(io.BytesIO(text.encode()), "all.csv", actor, kind="enrollments")
order_reading(batch)
print("ready", flush=True)
wait(state="previewed")
batch.refresh_from_db()
queue_apply(batch, batch.digest, actor)
wait(state="applying", run__phase="writing")
print("writing", flush=True)
sys.stdin.readline()
wait(state="failed")
batch.refresh_from_db()
print(batch.sentence, Enrollment.objects.count(), Enrollment.history.count(), flush=True)
run("DROP FUNCTION slow CASCADE")
order_reading(batch)
wait(state="previewed")
batch.refresh_from_db()
queue_apply(batch, batch.digest, actor)
wait(state="applied")
print(Enrollment.objects.count(), Enrollment.history.count(), flush=True)
"""
DIED = "The process that applied the file ended before it was done. Nothing was written; try again."
LOST = "The database refused the file, and nothing was written: "


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A server that no other test uses."""
    embedded = EmbeddedServer(Path(tempfile.mkdtemp(prefix="backoffice-", dir="/var/tmp")), True)
    guard = Guard(embedded)
    try:
        embedded.start()
        embedded.ensure_database("backoffice")
        yield embedded
    finally:
        guard.release()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="restarts PostgreSQL")
def test_a_restart_in_the_middle_fails_the_batch_and_the_same_worker_tries_again(
    server: EmbeddedServer, tmp_path: Path
):
    variables = {"DATABASE_URL": server.url("backoffice"), "PRIVATE_ROOT": str(tmp_path)}
    environment = os.environ | variables | {"DJANGO_SETTINGS_MODULE": "backoffice.settings"}
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert script.stdin
    assert script.stdout
    assert script.stdout.readline() == "ready\n"
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "db_worker", "--interval", "0.1"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert script.stdout.readline() == "writing\n"
        server.stop()
        server.start()
        output, _errors = script.communicate("on\n")
        failed, done = output.splitlines()
        assert failed.endswith(" 0 0")
        assert failed.startswith((DIED, LOST))
        assert done == "2500 2500"
        assert worker.poll() is None
    finally:
        script.kill()
        worker.terminate()
        worker.wait()
