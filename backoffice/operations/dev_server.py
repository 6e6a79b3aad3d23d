"""`make run`: database, migrations, demo data and server with one command, stopped by Ctrl-C."""

import argparse
import ctypes
import hashlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

from backoffice.operations.embedded import SUPERUSER, EmbeddedServer, data_folder
from backoffice.operations.old_migrations import is_old_postgres, is_old_sqlite
from backoffice.operations.server_account import CannotRun
from backoffice.operations.server_guard import Guard, claim

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
NAME = "backoffice"  # of the demo database
APPLICATION = "backoffice_app"  # a role of the database that owns nothing
ROLES = ("admin", "registrar", "instructor", "auditor")
PR_SET_PDEATHSIG = 1
SEALED_EVERY = "30"  # seconds
PATIENCE = 5  # seconds
POLL_EVERY = 0.05  # seconds
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody wants it to end."""


class StopRequest:
    """Notes that Ctrl-C, SIGTERM or a closed terminal asked for a stop."""

    def __init__(self) -> None:
        self.is_made = False
        for number in ENDINGS:
            signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)  # `make` has Ctrl-C wait for this

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        # Raised from here, an exception could come between the start of a child and the moment
        # its number is known, and nobody would end that child.
        self.is_made = True

    def wait_for(self, child: subprocess.Popen[bytes]) -> int:
        """Wait until a child has ended; its exit status. Raises Stopped."""
        while child.poll() is None:
            self.check()
            time.sleep(POLL_EVERY)
        return child.returncode

    def check(self) -> None:
        """Raise Stopped where a stop was asked for."""
        if self.is_made:
            raise Stopped


def main() -> int:
    """Run until Ctrl-C; the exit status is not zero when something failed."""
    stop = StopRequest()
    arguments = _arguments()
    # Programs that are no Python take TMPDIR as it is, full or not.
    os.environ["TMPDIR"] = tempfile.gettempdir()
    try:
        _refuse_used_port(arguments.port)
        with _database(arguments.database) as (environment, stamp):
            stop.check()
            _prepare(environment, stamp, arguments.size, stop)
            _refuse_used_port(arguments.port)  # a minute later, another clone may have it
            return _serve(arguments.port, environment, stop)
    except Stopped:
        print("\nStopped; the data is kept.")
        return 0
    except (CannotRun, OSError) as error:
        print(f"Could not start: {error}", file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--size", default="small", help="of the demo data, as init_db knows it")
    return parser.parse_args()


def _refuse_used_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CannotRun(
                f"port {port} of {HOST} cannot be used ({error}). Say for example: make run "
                f"PORT=8001"
            ) from error


@contextmanager
def _database(kind: str) -> Iterator[tuple[dict[str, str], Path]]:
    """A database for the time of the block: the environment that leads to it, and its stamp."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (_sqlite if kind == "sqlite" else _postgres)() as (address, stamp):
        yield {**os.environ, "DJANGO_ENV": "development", **address}, stamp


@contextmanager
def _sqlite() -> Iterator[tuple[dict[str, str], Path]]:
    path, stamp = ROOT / "var" / "demo.sqlite3", ROOT / "var" / "demo.prepared"
    if path.exists() and is_old_sqlite(path):
        _set_aside(path)
    if not path.exists():
        stamp.unlink(missing_ok=True)
    yield {"DATABASE_URL": f"sqlite:///{quote(str(path))}"}, stamp


@contextmanager
def _postgres() -> Iterator[tuple[dict[str, str], Path]]:
    server = EmbeddedServer(data_folder(ROOT))
    if not server.data.is_relative_to(ROOT):
        print(f"The database is kept in {server.data}.")
    with claim(server.data) as claimed:
        guard = Guard(server, claimed)
        try:
            _print_step("Starting PostgreSQL")
            _open_database(server)
            if is_old_postgres(server.url(NAME)):
                server.stop()
                _set_aside(server.data)
                _open_database(server)
            address = {
                "DATABASE_URL": server.url(NAME, APPLICATION),
                "DATABASE_OWNER_USER": SUPERUSER,
            }
            yield address, server.data / "prepared"
        finally:
            guard.release()


def _open_database(server: EmbeddedServer) -> None:
    server.start()
    server.ensure_database(NAME)


def _set_aside(data: Path) -> None:
    names = (data.with_name(f"{data.stem}.old{number or ''}{data.suffix}") for number in count())
    aside = next(path for path in names if not path.exists())
    print(
        f"The demo database was made by an earlier version and cannot be brought up to date. It is "
        f"kept in {aside}, and a new one is made.",
        flush=True,
    )
    data.rename(aside)


def _print_step(step: str) -> None:
    print(f"{step} ...", flush=True)


def _prepare(environment: Mapping[str, str], stamp: Path, size: str, stop: StopRequest) -> None:
    """Migrate and fill, unless this was done for this very code and database before."""
    sources = "\0".join([size, *sorted(_sources())])
    state = hashlib.sha256(sources.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == state:
        return
    _print_step("Making the tables (about 15 seconds)")
    _run(environment, stop, "migrate", "--verbosity", "0")
    _print_step("Bringing in the demo data")
    _run(environment, stop, "init_db", "--size", size)
    stamp.write_text(state)


def _run(environment: Mapping[str, str], stop: StopRequest, *command: str) -> None:
    """Run a command to its end. Raises CannotRun where it fails, Stopped."""
    child = _child(environment, *command)
    try:
        status = stop.wait_for(child)
    finally:
        _end(child)
    if status:
        raise CannotRun(f"`manage.py {command[0]}` failed; see the lines above.")


def _sources() -> list[str]:
    files = [*ROOT.glob("backoffice/**/*.py"), *ROOT.glob("fixtures/**/*")]
    return [f"{path}{path.stat().st_size}{path.stat().st_mtime_ns}" for path in files]


def _serve(port: int, environment: Mapping[str, str], stop: StopRequest) -> int:
    """Serve until told to stop; the record is sealed and large imports are worked on meanwhile."""
    _print_step("Starting the web server")
    lasting = {**environment, "DATABASE_OWNER_USER": ""}  # nothing that runs on is the owner
    silence = {"stdout": subprocess.DEVNULL}
    server = _child(lasting, "runserver", f"{HOST}:{port}", "--noreload", **silence)
    with (ROOT / "var" / "seal.log").open("a") as log:
        sealer = _child(lasting, "audit_seal", "--every", SEALED_EVERY, stderr=log, **silence)
    with (ROOT / "var" / "worker.log").open("a") as log:
        worker = _child(lasting, "db_worker", stderr=log, **silence)
    try:
        _wait_until_served(server, port, stop)
        _print_instructions(port, environment)
        return stop.wait_for(server)
    finally:
        _end(server, sealer, worker)


def _end(*children: subprocess.Popen[bytes]) -> None:
    # A worker in the middle of a large import is killed, which leaves nothing of it.
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _child(
    environment: Mapping[str, str], *command: str, **streams: Any
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        start_new_session=True,  # a Ctrl-C is for us, and we stop it
        preexec_fn=_end_with_parent,
        **streams,
    )


def _end_with_parent() -> None:
    if sys.platform == "linux":
        # Linux sends the child a SIGTERM should the parent be killed: prctl(2).
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_served(server: subprocess.Popen[bytes], port: int, stop: StopRequest) -> None:
    while server.poll() is None:
        stop.check()
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(POLL_EVERY)
    raise CannotRun("the web server ended at once; see the lines above.")


def _print_instructions(port: int, environment: Mapping[str, str]) -> None:
    print(f"\n  The back office is at http://{HOST}:{port}/admin/\n")
    for role in ROLES:
        print(f"    {role:<12} password demo-{role}")
    print("\n  Commands work on the same data with")
    for name in ("DATABASE_URL", "DATABASE_OWNER_USER"):
        if environment.get(name):
            print(f"    export {name}={shlex.quote(environment[name])}")
    print("\n  Ctrl-C stops it; the data stays.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
