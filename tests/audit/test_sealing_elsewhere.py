"""The chain outside of this process: sealed in the background, dumped, restored, verified."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection

from backoffice.apps.courses.models import CourseTag
from backoffice.audit.models import Block, BlockPart
from backoffice.audit.seal.seal import seal
from backoffice.operations.embedded import SUPERUSER, EmbeddedServer, programs

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a server to dump"),
]


def environment(address: str, **more: str) -> dict[str, str]:
    return {**os.environ, "DJANGO_ENV": "test", "DATABASE_URL": address, **more}


def address() -> str:
    server = connection.settings_dict
    return f"postgres://{server['USER']}@{quote(server['HOST'], safe='')}/{server['NAME']}"


def verified(at: str, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", "audit_verify", *options],
        cwd=ROOT,
        env=environment(at),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], EmbeddedServer]:
    """A new, empty server."""
    server = EmbeddedServer(Path("/var/tmp") / f"backoffice-restored-{os.getpid()}", True)
    server.start()
    server.ensure_database("restored")
    yield server
    server.remove()


def test_a_dump_restored_into_a_new_cluster_verifies(elsewhere, tmp_path):
    call_command("init_db")
    seal()
    CourseTag.objects.create(name="One more")
    seal()
    call_command("audit_anchor", file=tmp_path / "anchors")
    server, dump = connection.settings_dict, tmp_path / "dump"
    with dump.open("wb") as stream:
        subprocess.run(
            [programs() / "pg_dump", "-Fc", "-h", server["HOST"], "-U", SUPERUSER, server["NAME"]],
            stdout=stream,
            check=True,
        )
    to = ["-h", str(elsewhere.sockets), "-U", SUPERUSER, "-d", "restored"]
    subprocess.run([programs() / "pg_restore", *to, str(dump)], check=True)
    status, output = verified(elsewhere.url("restored"), "--anchor", str(tmp_path / "anchors"))
    head = Block.objects.latest("number")
    assert (status, head.number) == (0, 2)
    assert output.startswith("Intact: ")
    assert head.hash in output


def test_a_database_that_does_not_answer_is_not_called_intact():
    status, output = verified("postgres://postgres@%2Fvar%2Ftmp/nowhere")
    assert status == 2
    assert output.startswith("Could not check: ")


def test_the_background_process_seals_anchors_and_ends_on_a_signal(tmp_path):
    CourseTag.objects.create(name="One")
    anchors = tmp_path / "anchors"
    sealing = subprocess.Popen(
        [sys.executable, "manage.py", "audit_seal", "--every", "0.2"],
        cwd=ROOT,
        env=environment(address(), AUDIT_ANCHOR_FILE=str(anchors)),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: is_sealed("One"))
        CourseTag.objects.create(name="Two")
        wait_until(lambda: is_sealed("Two"))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        CourseTag.objects.create(name="Three")
        wait_until(lambda: is_sealed("Three"))
    finally:
        sealing.send_signal(signal.SIGTERM)
        log = sealing.communicate(timeout=20)[1]
    assert sealing.returncode == 0
    lines = [json.loads(line) for line in anchors.read_text().splitlines()]
    assert Block.objects.count() >= 3
    # A pass may write two blocks; what counts is that the head is always anchored in the end.
    assert [each["block"] for each in lines] == sorted({each["block"] for each in lines})
    assert lines[-1]["hash"] == Block.objects.latest("number").hash
    assert log.count("backoffice.audit.anchor INFO anchor {") == len(lines)
    assert verified(address(), "--anchor", str(anchors))[0] == 0


def is_sealed(name: str) -> bool:
    row = CourseTag.history.get(name=name).pk
    parts = BlockPart.objects.filter(table_name="courses_historicalcoursetag")
    return parts.filter(up_to_id__gte=row).exists()


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)
