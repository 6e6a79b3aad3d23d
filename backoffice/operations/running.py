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
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.parse import quote

from backoffice.operations.embedded import SUPERUSER, CannotRun, EmbeddedServer, data_folder
from backoffice.operations.guarding import Guard, claim

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
APPLICATION = "backoffice_app"  # a role of the database that owns nothing
ROLES = ("admin", "registrar", "instructor", "auditor")
PR_SET_PDEATHSIG = 1
SEALED_EVERY = "30"  # seconds
PATIENCE = 5  # seconds
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody wants it to end; not an error that anything should handle."""


def main() -> int:
    """Run until Ctrl-C; the exit status is not zero when something failed."""
    asked = _arguments()
    for number in ENDINGS:
        signal.signal(number, _stop)
    guard: Guard | None = None
    try:
        _refuse_taken(asked.port)
        environment, stamp, guard = _database(asked.database)
        _prepare(environment, stamp, asked.size)
        return _serve(asked.port, environment)
    except Stopped:
        print("\nStopped; the data is kept.")
        return 0
    except (CannotRun, subprocess.CalledProcessError) as error:
        print(f"Could not start: {error}", file=sys.stderr)
        return 1
    finally:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        if guard:
            guard.release()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--size", default="small", help="of the demo data, as init_db knows it")
    return parser.parse_args()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _refuse_taken(port: int) -> None:
    """Raise CannotRun where something listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CannotRun(
                f"port {port} of {HOST} cannot be used ({error}). Say for example: make run "
                f"PORT=8001"
            ) from error


def _database(kind: str) -> tuple[dict[str, str], Path, Guard | None]:
    """Start the database; the environment that leads to it, its stamp, and who stops it."""
    environment = {**os.environ, "DJANGO_ENV": "development"}
    (ROOT / "var").mkdir(exist_ok=True)
    if kind == "sqlite":
        path, stamp = ROOT / "var" / "demo.sqlite3", ROOT / "var" / "demo.prepared"
        if not path.exists():
            stamp.unlink(missing_ok=True)
        return environment | {"DATABASE_URL": f"sqlite:///{quote(str(path))}"}, stamp, None
    server = EmbeddedServer(data_folder(ROOT))
    if not server.data.is_relative_to(ROOT):
        print(f"The database is kept in {server.data}.")
    guard = Guard(server, claim(server.data))
    server.start()
    server.ensure_database("backoffice")
    address = {
        "DATABASE_URL": server.url("backoffice", APPLICATION),
        "DATABASE_OWNER_USER": SUPERUSER,
    }
    return environment | address, server.data / "prepared", guard


def _prepare(environment: Mapping[str, str], stamp: Path, size: str) -> None:
    """Migrate and fill, unless this was done for this very code and database before."""
    state = _mark(size, *sorted(_sources()))
    if stamp.exists() and stamp.read_text() == state:
        return
    print("Preparing the database ...", flush=True)
    for command in (["migrate", "--verbosity", "0"], ["init_db", "--size", size]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True
        )
    stamp.write_text(state)


def _sources() -> list[str]:
    """What the prepared database depends on: models, migrations and demo data."""
    files = [*ROOT.glob("backoffice/**/*.py"), *ROOT.glob("fixtures/**/*")]
    return [f"{path}{path.stat().st_size}{path.stat().st_mtime_ns}" for path in files]


def _mark(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _serve(port: int, environment: Mapping[str, str]) -> int:
    """Serve until told to stop; the record is sealed and large imports are worked on meanwhile."""
    server = _child(environment, "runserver", f"{HOST}:{port}", "--noreload")
    with (ROOT / "var" / "seal.log").open("a") as log:
        sealer = _child(environment, "audit_seal", "--every", SEALED_EVERY, log=log)
    with (ROOT / "var" / "worker.log").open("a") as log:
        worker = _child(environment, "db_worker", log=log)
    try:
        _wait_until_served(server, port)
        _tell(port, environment)
        return server.wait()
    finally:
        _end(server, sealer, worker)


def _end(*children: subprocess.Popen[bytes]) -> None:
    """Ask them to end. Who works on a large import is killed then, and leaves nothing of it."""
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _child(
    environment: Mapping[str, str], *command: str, log: IO[str] | None = None
) -> subprocess.Popen[bytes]:
    """A command that runs beside; what it complains of goes to the terminal, or to a log."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**environment, "DATABASE_OWNER_USER": ""},  # nothing that runs on is the owner
        stdout=subprocess.DEVNULL,
        stderr=log,
        start_new_session=True,  # a Ctrl-C is for us, and we stop it
        preexec_fn=_end_with_parent,
    )


def _end_with_parent() -> None:
    """In the child: ask Linux for a SIGTERM should the parent be killed (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_served(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise CannotRun("the web server ended at once; see the lines above.")


def _tell(port: int, environment: Mapping[str, str]) -> None:
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
