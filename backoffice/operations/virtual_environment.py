"""Makes `.venv` with the pinned packages. `make` calls it before anything is installed."""

import argparse
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
STAMP = ".installed"  # a file in it that names the Python, once all packages are there
PYTHON = ".".join(map(str, sys.version_info[:2]))
WORDS_EVERY = 5  # seconds
PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off")
FETCHED = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)")
INSTALLING = "Installing collected packages:"
UNREACHABLE = re.compile(
    r"No matching distribution|Could not find a version|NewConnectionError|Name or service|"
    r"name resolution|unreachable|timed out|ConnectionError",
    re.IGNORECASE,
)
FULL = re.compile(r"No space left|Disk quota")


class CannotInstall(Exception):
    """There is no virtual environment with all packages; the message says what to do."""


def main() -> int:
    """Make it, or say in one sentence why not; the exit status is 1 then."""
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / ".venv")
    folder = parser.parse_args().folder.absolute()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # `make` has it wait for this
        with _only_one_at_a_time():
            if not is_installed(folder):
                make(folder)
    except KeyboardInterrupt:
        print("\nStopped; say make again to go on from here.", file=sys.stderr)
        return 130
    except (CannotInstall, OSError) as error:
        print(f"Could not install: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _only_one_at_a_time() -> Iterator[None]:
    # Two `make` of one clone would write into one folder.
    with (ROOT / REQUIREMENTS[0]).open() as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print_step("Another make is installing into this clone; waiting for it ...")
            fcntl.flock(mark, fcntl.LOCK_EX)
        yield


def print_step(step: str) -> None:
    print(step, flush=True)


def is_installed(folder: Path) -> bool:
    """Whether the packages of the requirements as they are now are there, for this Python."""
    stamp = folder / STAMP
    return (
        stamp.exists()
        and stamp.read_text().strip() == PYTHON == version_of(folder)
        and all((ROOT / name).stat().st_mtime <= stamp.stat().st_mtime for name in REQUIREMENTS)
    )


def version_of(folder: Path) -> str:
    """The Python of a virtual environment as `3.11`, blank where none starts or pip is missing."""
    script = "import pip, sys; print('.'.join(map(str, sys.version_info[:2])))"
    try:
        done = subprocess.run(
            [folder / "bin" / "python", "-c", script], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def make(folder: Path) -> None:
    """Make the virtual environment and install the packages. Raises CannotInstall."""
    began = time.monotonic()
    before = version_of(folder)
    if before != PYTHON:
        is_there = f", in place of the one with Python {before}" if before else ""
        print_step(
            f"Making a virtual environment in {folder.name} with Python {PYTHON}{is_there} ..."
        )
        with _scratch_folder(folder) as scratch:
            _make_environment(folder, scratch)
    print_step("Fetching the pinned packages; a minute or two where the network is slow ...")
    with _scratch_folder(folder) as scratch:
        _install_packages(folder, scratch)
    (folder / STAMP).write_text(f"{PYTHON}\n")
    print_step(f"Installed in {time.monotonic() - began:.0f} seconds.")


@contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    # Beside the packages: TMPDIR may be full.
    prefix = f"{folder.name}-room-"
    for left in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)  # of a killed one: nobody else is at work now
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as scratch:
        yield Path(scratch)


def _make_environment(folder: Path, scratch: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", folder],
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        if "ensurepip" in done.stdout or "No module named venv" in done.stdout:
            raise CannotInstall(
                f"Python {PYTHON} ({sys.executable}) comes without venv. On Debian and Ubuntu say: "
                f"apt install python{PYTHON}-venv"
            )
        raise CannotInstall(f"no virtual environment can be made: {_last_line(done.stdout)}")


def _install_packages(folder: Path, scratch: Path) -> None:
    """Have pip install everything, and pass on how far it is. Raises CannotInstall."""
    command = [folder / "bin" / "python", *PIP, "-r", ROOT / REQUIREMENTS[-1]]
    streams = {"stdout": subprocess.PIPE, "text": True, "errors": "replace"}
    environment = os.environ | {"TMPDIR": str(scratch)}
    with (scratch / "complaints").open("w+", errors="replace") as error_log:
        with subprocess.Popen(command, env=environment, stderr=error_log, **streams) as pip:
            assert pip.stdout
            pass_on(pip.stdout)
        error_log.seek(0)
        if pip.returncode:
            raise CannotInstall(message_for(error_log.read()))


def pass_on(lines: IO[str]) -> None:
    """Read pip's own words to their end, and say every few seconds how far it is."""
    fetched: set[str] = set()
    reported = time.monotonic()
    for line in lines:
        match = FETCHED.match(line.strip())
        if match:
            fetched.add(match[1].lower())
        if line.startswith(INSTALLING):
            print_step(f"Installing {line.count(',') + 1} packages, half a minute or less ...")
        elif match and time.monotonic() - reported > WORDS_EVERY:
            reported = time.monotonic()
            print_step(f"  {len(fetched)} found, now {match[1]}")


def message_for(output: str) -> str:
    """Why pip failed and what to do, from what it wrote to its error output."""
    reason = _last_line(output)
    if FULL.search(output):
        return f"the disk is full. Make room and say make again. ({reason})"
    if UNREACHABLE.search(output):
        return (
            f"no package index answers, or it lacks a package. Look at the network, or name an "
            f"index in PIP_INDEX_URL, and say make again. ({reason})"
        )
    return f"pip failed. ({reason})"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return [*lines[-1:], *errors[-1:]][-1] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main())
