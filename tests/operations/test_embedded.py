"""The embedded server: a data folder anywhere, stopped whatever ends its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from backoffice.operations import guarding
from backoffice.operations.embedded import (
    CannotRun,
    EmbeddedServer,
    data_folder,
    is_open_to_all,
)

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import sys, time
from pathlib import Path
from backoffice.operations.embedded import EmbeddedServer
from backoffice.operations.guarding import Guard
server = EmbeddedServer(Path(sys.argv[1]), is_throwaway=True)
guard = Guard(server)
server.start()
print(server.sockets, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Path:
    """A folder with spaces and signs in its name that any account can reach."""
    return Path("/var/tmp") / f"backoffice test's “{os.getpid()}”"


def test_a_server_keeps_its_data_over_a_restart(folder):
    server = EmbeddedServer(folder)
    try:
        server.start()
        server.ensure_database("kept")
        server.ensure_database("kept")
        server.stop()
        assert not server.is_running()
        (folder / "postmaster.pid").write_text("999999\n")
        server.start()
        with psycopg2.connect(host=str(server.sockets), user="postgres", dbname="kept") as there:
            assert there.server_version >= 140_000
        there.close()
        assert folder.stat().st_mode & 0o077 == 0
        assert server.sockets.stat().st_mode & 0o077 == 0
    finally:
        server.remove()
    assert not folder.exists()
    assert not server.sockets.exists()


def test_a_server_left_behind_is_stopped_and_started_anew(folder):
    server = EmbeddedServer(folder)
    try:
        server.start()
        left = (folder / "postmaster.pid").read_text().splitlines()[0]
        EmbeddedServer(folder).start()
        assert (folder / "postmaster.pid").read_text().splitlines()[0] != left
        with psycopg2.connect(host=str(server.sockets), user="postgres") as there:
            assert there.closed == 0
        there.close()
    finally:
        server.remove()


def test_two_owners_do_not_share_a_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(guarding, "PATIENCE", 0.2)
    data = tmp_path / "postgres"
    first = guarding.claim(data)
    with pytest.raises(CannotRun) as refusal:
        guarding.claim(data)
    assert str(refusal.value) == (
        f"another `make run` works on the data in {data}. Stop it with Ctrl-C first."
    )
    first.close()
    guarding.claim(data).close()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_owner_is_killed(folder, ending):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout
        sockets = Path(owner.stdout.readline().strip())
        assert sockets.is_dir()
        owner.send_signal(ending)
    for _ in range(200):
        if not folder.exists() and not sockets.exists():
            return
        time.sleep(0.1)
    pytest.fail("The server outlived its owner.")


def test_the_data_lie_in_the_checkout_where_the_server_may_go(tmp_path):
    inside = tmp_path / "var" / "postgres"
    is_inside = os.geteuid() != 0 or is_open_to_all(tmp_path)
    assert (data_folder(tmp_path) == inside) == is_inside
