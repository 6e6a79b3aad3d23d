"""The account that the embedded PostgreSQL works under, and what that account can reach.

PostgreSQL refuses root: run by root it works as `nobody`, who cannot enter a folder like /root.
"""

import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCOUNT_OF_ROOT = "nobody"
FIXED_FOLDERS = ("/var/tmp", "/tmp")


class CannotRun(Exception):
    """The embedded server is not installed or did not start; the message says what to do."""


def is_root() -> bool:
    """Whether this process may, and has to, work as another account."""
    return os.geteuid() == 0


def server_account() -> pwd.struct_passwd:
    """The account the server runs under. Raises CannotRun where there is none."""
    try:
        return pwd.getpwnam(ACCOUNT_OF_ROOT) if is_root() else pwd.getpwuid(os.geteuid())
    except KeyError:
        lacks = f"“{ACCOUNT_OF_ROOT}”" if is_root() else f"number {os.geteuid()}"
        raise CannotRun(
            f"PostgreSQL does not run as root nor without an account, and this machine has no "
            f"account {lacks}. Run the command as an ordinary user who has one."
        ) from None


def run_program(program: Path, *arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run one of the server's programs to its end, under the server's account. Raises CannotRun."""
    account = server_account()
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | options
    try:
        return subprocess.run(
            [str(program), *map(str, arguments)],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            check=False,
            # A Ctrl-C in the terminal is not for the server.
            start_new_session=True,
            **streams,
            **(identity if is_root() else {}),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotRun(
            f"{program} cannot be started as the account “{account.pw_name}” ({error}). "
            f"Is the folder on a file system mounted with noexec, or this a container that "
            f"lets root be nobody else? Then run the command elsewhere, or as an ordinary user."
        ) from error


def is_open_to_all(path: Path) -> bool:
    """Whether every account can enter the path's folders, and the path itself."""
    return all(
        each.stat().st_mode & stat.S_IXOTH for each in [path, *path.parents] if each.exists()
    )


def mark_of(text: str | Path) -> str:
    """Twelve letters and digits that stand for a path in the name of a folder."""
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:12]


def temporary_folder(longest: int = 4096) -> Path:
    """The first of `temporary_folders`. Raises CannotRun where there is none."""
    for folder in temporary_folders(longest):
        return folder
    raise CannotRun(
        "There is no folder for the server's files: /var/tmp and /tmp are full, or closed to the "
        "server's account. Make room there, or set TMPDIR to a folder with a short path."
    )


def temporary_folders(longest: int = 4096) -> Iterator[Path]:
    """Folders with room that the server's account may enter; `longest` path in bytes."""
    # TMPDIR comes last: a small disk, a long path, or a folder of its owner alone.
    for name in (*FIXED_FOLDERS, tempfile.gettempdir()):
        folder = Path(name)
        is_short = len(os.fsencode(folder)) <= longest
        if is_short and _has_space(folder) and (not is_root() or is_open_to_all(folder)):
            yield folder


def _has_space(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
            probe.flush()
    except OSError:
        return False
    return True
