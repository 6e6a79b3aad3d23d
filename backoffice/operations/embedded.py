"""A real PostgreSQL from pip for laptop and tests, never for production.

It needs no Django, and listens on a Unix socket only, in a folder of its account alone.
"""

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from backoffice.operations.server_account import (
    CannotRun,
    is_open_to_all,
    is_root,
    mark_of,
    run_program,
    server_account,
    temporary_folder,
)
from backoffice.operations.server_programs import programs

SUPERUSER = "postgres"
SAFE = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    # Not in /dev/shm: a container has 64 MB there, and four parallel joins at once take more.
    "dynamic_shared_memory_type": "sysv",
}
# A page of an index costs no more here than one of a table: planned like for a turning disk, a list
# of fifty rows reads all people.
PLANNED = {"random_page_cost": "1.1"}
# For data that may be lost: tests.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
WAIT = "60"  # seconds
# Linux's limit for a socket is 107 bytes; this is what our folder, the socket and its lock take.
LONGEST_SOCKET_FOLDER = 107 - len("/backoffice-0123456789ab/.s.PGSQL.5432.lock")
LINE_OF_SOCKETS = 4  # of postmaster.pid, counted from 0


@dataclass(frozen=True)
class EmbeddedServer:
    """One server with its data in a folder of its own."""

    data: Path
    is_throwaway: bool = False

    @property
    def sockets(self) -> Path:
        """The socket's folder, of a running server where it says. Raises CannotRun."""
        noted = self.data / "postmaster.pid"
        lines = noted.read_text(errors="replace").splitlines() if noted.exists() else []
        folder = Path(lines[LINE_OF_SOCKETS] if len(lines) > LINE_OF_SOCKETS else "")
        # The server's account writes that file, and we remove this folder with root's rights.
        return folder if folder.name == self._socket_name else self._new_sockets()

    @property
    def _socket_name(self) -> str:
        return f"backoffice-{mark_of(self.data)}"

    @property
    def _unfinished(self) -> Path:
        return self.data.with_name(f"{self.data.name}.new")

    def _new_sockets(self) -> Path:
        return temporary_folder(LONGEST_SOCKET_FOLDER) / self._socket_name

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """The address as DATABASE_URL takes it."""
        return f"postgres://{role}@{quote(str(self.sockets), safe='')}/{database}"

    def is_running(self) -> bool:
        """Whether a server works on this folder; a stale pid file counts for nothing."""
        if not (self.data / "PG_VERSION").exists():
            return False
        return self._run("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def start(self) -> None:
        """Start the server, or start it anew; make its data folder if needed. Raises CannotRun."""
        # It was left behind by a killed owner.
        if self.is_running():
            self.stop()
        sockets = self._new_sockets()
        self._prepare(sockets)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        settings = SAFE | PLANNED | (FAST if self.is_throwaway else {})
        settings |= {"unix_socket_directories": str(sockets)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = self.data / "server.log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", WAIT, "-o", options, "start")

    def _initialise(self) -> None:
        work = self._unfinished  # a data folder is whole or not there
        shutil.rmtree(work, ignore_errors=True)
        self._prepare(work)
        self._run(
            "initdb", "-D", work, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        try:
            work.replace(self.data)
        except OSError as error:
            raise CannotRun(
                f"{self.data} holds files, but no database. Move it away and try again."
            ) from error

    def stop(self) -> None:
        """Stop the server; what was committed stays."""
        sockets = self.sockets
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", WAIT, "stop", check=False)
        shutil.rmtree(sockets, ignore_errors=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self._unfinished, ignore_errors=True)

    def ensure_database(self, name: str) -> None:
        """Create the database where there is none. Raises CannotRun where the server is broken."""
        try:
            connected = psycopg2.connect(host=str(self.sockets), user=SUPERUSER)
        except psycopg2.OperationalError as error:
            raise CannotRun(
                f"the database in {self.data} was not made whole, or is damaged "
                f"({str(error).rpartition(': ')[2].strip()}). Move that folder away and try again; "
                f"a new one is made then."
            ) from error
        with closing(connected) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if not cursor.fetchone():
                    cursor.execute(f'CREATE DATABASE "{name}"')

    def _prepare(self, folder: Path) -> None:
        """Make a folder that belongs to the server's account alone. Raises CannotRun."""
        account = server_account()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (
                account.pw_uid,
                os.geteuid(),
            ):
                raise CannotRun(f"{folder} belongs to another account. Remove it and try again.")
            if status.st_uid != account.pw_uid:
                os.chown(folder, account.pw_uid, account.pw_gid, follow_symlinks=False)
            folder.chmod(0o700)
        except OSError as error:
            raise CannotRun(f"{folder} cannot be made: {error.strerror}.") from error

    def _run(self, command: str, *arguments: Any, check: bool = True) -> Any:
        # The server that pg_ctl starts would keep a pipe open.
        silence = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        done = run_program(
            programs() / command, *arguments, **(silence if command == "pg_ctl" else {})
        )
        if check and done.returncode:
            raise CannotRun(
                f"The embedded PostgreSQL failed at {command}: {self._why(done.stdout)}"
            )
        return done

    def _why(self, output: str | None) -> str:
        log = self.data / "server.log"
        if output:
            return output.strip()
        return log.read_text(errors="replace")[-2000:].strip() if log.exists() else "no log"


def data_folder(checkout: Path) -> Path:
    """Where `make run` keeps its data: `var/`, or, where root's server cannot, `/var/tmp`."""
    if not is_root() or is_open_to_all(checkout / "var"):
        return checkout / "var" / "postgres"
    return Path("/var/tmp") / f"backoffice-{pwd.getpwuid(os.geteuid()).pw_name}-{mark_of(checkout)}"
