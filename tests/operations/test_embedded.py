"""The embedded server: a data folder anywhere, stopped whatever ends its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest

from backoffice.operations import server_guard
from backoffice.operations.embedded import EmbeddedServer, data_folder
from backoffice.operations.server_account import CannotRun, is_open_to_all

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import sys, time
from pathlib import Path
from backoffice.operations.embedded import EmbeddedServer
from backoffice.operations.server_guard import Guard
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
        (folder / "postmaster.pid").chmod(0o644)  # the server reads it too, whatever the umask
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


def test_what_a_start_that_was_broken_off_left_is_no_database(folder):
    half = folder.with_name(f"{folder.name}.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(folder, is_throwaway=True)
    try:
        server.start()
        server.ensure_database("whole")
        assert not half.exists()
    finally:
        server.remove()


def test_a_folder_with_other_files_is_left_alone(folder):
    folder.mkdir()
    (folder / "essay.txt").write_text("Mine.")
    server = EmbeddedServer(folder, is_throwaway=True)
    try:
        with pytest.raises(CannotRun) as refusal:
            server.start()
        assert str(refusal.value) == (
            f"{folder} holds files, but no database. Move it away and try again."
        )
        assert (folder / "essay.txt").read_text() == "Mine."
    finally:
        server.remove()


def test_a_database_that_was_not_made_whole_is_told_in_a_sentence(folder):
    server = EmbeddedServer(folder, is_throwaway=True)
    try:
        server.start()
        there = psycopg2.connect(host=str(server.sockets), user="postgres", dbname="template1")
        there.autocommit = True
        with there.cursor() as cursor:
            cursor.execute("DROP DATABASE postgres")
        there.close()
        with pytest.raises(CannotRun) as refusal:
            server.ensure_database("any")
        assert str(refusal.value) == (
            f'the database in {folder} was not made whole, or is damaged (database "postgres" '
            f"does not exist). Move that folder away and try again; a new one is made then."
        )
    finally:
        server.remove()


def test_the_socket_is_where_the_server_says(folder, monkeypatch):
    server = EmbeddedServer(folder, is_throwaway=True)
    try:
        server.start()
        chosen = server.sockets
        monkeypatch.setattr("backoffice.operations.server_account.FIXED_FOLDERS", ["/tmp"])
        assert server.sockets == chosen
        assert f"@{quote(str(chosen), safe='')}/any" in server.url("any")
    finally:
        server.remove()
    assert not chosen.exists()


def test_a_forged_pid_file_names_no_folder_to_be_removed(tmp_path):
    (tmp_path / "postmaster.pid").write_text("1\n/data\n1\n5432\n/etc\n\n0 0\nready\n")
    assert EmbeddedServer(tmp_path).sockets.name.startswith("backoffice-")
    assert EmbeddedServer(tmp_path).sockets.parent in map(Path, ("/var/tmp", "/tmp"))


def test_two_owners_do_not_share_a_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(server_guard, "PATIENCE", 0.2)
    data = tmp_path / "postgres"
    first = server_guard.claim(data)
    with pytest.raises(CannotRun) as refusal:
        server_guard.claim(data)
    assert str(refusal.value) == (
        f"another `make run` works on the data in {data}. Stop it with Ctrl-C first."
    )
    first.close()
    server_guard.claim(data).close()


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
