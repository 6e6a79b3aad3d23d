"""The product as it runs in production, on a database of its own: web server, worker, sealer."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil
import psycopg2

from backoffice.operations.embedded import SUPERUSER, EmbeddedServer
from backoffice.operations.server_guard import Guard

ROOT = Path(__file__).resolve().parents[2]
NAME, APPLICATION = "backoffice", "backoffice_app"
PATIENCE = 60  # seconds
WORKERS, THREADS = "2", "8"


@contextmanager
def lasting_server() -> Iterator[EmbeddedServer]:
    """A server that writes to its disk as in production; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="backoffice-drill-", dir="/var/tmp"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "postgres")
    guard = Guard(server)
    try:
        server.start()
        server.ensure_database(NAME)
        yield server
    finally:
        guard.release()
        shutil.rmtree(folder, ignore_errors=True)


def kill_server(server: EmbeddedServer) -> None:
    """SIGKILL for the server and each of its processes, as when the machine fails."""
    number = int((server.data / "postmaster.pid").read_text().split()[0])
    main = psutil.Process(number)
    everybody = [main, *main.children(recursive=True)]
    for process in everybody:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(everybody, timeout=PATIENCE)


def stored(server: EmbeddedServer, sql: str) -> list[tuple[Any, ...]]:
    """Rows from the database, read past the product."""
    with psycopg2.connect(server.url(NAME)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@dataclass
class Office:
    """Processes of the product, and the environment they run in."""

    environment: dict[str, str]
    port: int
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, name: str, *words: str) -> None:
        """Start a process that runs on."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment | {"DATABASE_OWNER_USER": ""},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End what was started here."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def memory(self) -> dict[str, float]:
        """What each process holds, its children included, in MB."""
        return {name: _held_by(process.pid) for name, process in self.processes.items()}

    def wait_until_served(self) -> None:
        """Until the web server takes connections. Raises TimeoutError."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("the web server did not start")


def _held_by(number: int) -> float:
    main = psutil.Process(number)
    total = 0
    for process in [main, *main.children(recursive=True)]:
        try:
            # What is its own: pages shared with the parent after a fork are counted once.
            total += process.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


@contextmanager
def open_office(
    server: EmbeddedServer, variables: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Office]:
    """The product with the small demo school, under production settings."""
    with ExitStack() as stack:
        files = stack.enter_context(tempfile.TemporaryDirectory(prefix="backoffice-drill-"))
        environment = os.environ | {
            "DATABASE_URL": server.url(NAME, APPLICATION),
            "DATABASE_OWNER_USER": SUPERUSER,
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "PRIVATE_ROOT": f"{files}/private",
            "AUDIT_ANCHOR_FILE": f"{files}/anchors",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "0",
            "BEHIND_PROXY": "1",
        }
        environment |= {"DJANGO_ENV": "production"} | variables
        office = Office(environment, free_port(), Path(files))
        for words in (("migrate", "--verbosity", "0"), ("collectstatic", "--noinput")):
            done = office.command(*words)
            assert done.returncode == 0, done.stderr
        # Production refuses demo data; the database does not mind who brought it in.
        done = office.command("init_db", "--size", "small", DJANGO_ENV="development")
        assert done.returncode == 0, done.stderr
        stack.callback(office.stop)
        bind = f"--bind=127.0.0.1:{office.port}"
        sizes = (f"--workers={WORKERS}", f"--threads={THREADS}")
        office.start("web server", "-m", "gunicorn", "backoffice.wsgi", bind, *sizes)
        office.start("worker", "manage.py", "db_worker")
        office.start("sealer", "manage.py", "audit_seal", "--every", "5")
        office.wait_until_served()
        try:
            yield office
        except BaseException:
            print(*(log.read_text()[-3_000:] for log in office.logs.glob("*.log")), sep="\n")
            raise
