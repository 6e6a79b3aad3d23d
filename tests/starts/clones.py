"""A fresh clone in a folder of its own, `make` in it, and what that leaves behind."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from backoffice.operations.embedded import data_folder
from backoffice.operations.server_account import is_open_to_all

ROOT = Path(__file__).resolve().parents[2]
ORDINARY = "daemon"  # an account without rights that every Linux has
PATIENCE = 300  # seconds, for the installation too
SERVED = "The back office is at"
STOPPED = "Stopped; the data is kept."
# Nothing of the run that tries it: pytest's, the suite's, a virtual environment's, make's own.
NEUTRAL = ("PATH", "HOME", "LANG", "TERM", "CI", "CHROMIUM")
NEUTRAL_BEGINNINGS = ("PIP_", "PYENV_", "SSL_", "REQUESTS_", "http", "HTTP", "no_", "NO_")
# A part of the suite that has a server, files, both databases and a browser.
PART = "-k 'restart or two_owners or (preview_and_apply and every) or enter_opens'"


def neutral_environment(**more: str) -> dict[str, str]:
    """What a new developer's shell has, with the package index of this machine."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in NEUTRAL or name.startswith(NEUTRAL_BEGINNINGS)
    }
    environment["PATH"] = os.pathsep.join(
        part for part in environment["PATH"].split(os.pathsep) if not part.startswith(sys.prefix)
    )
    return environment | more


def clone_into(folder: Path) -> Path:
    """Clone the project as it stands, what is not committed yet included."""
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--modified", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    for name in map(os.fsdecode, listed.stdout.split(b"\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        elif name:
            (folder / name).unlink(missing_ok=True)
    return folder


def python_for_everybody() -> str:
    """A Python outside of anybody's home that has venv; blank where there is none."""
    for folder in ("/usr/local/bin", "/usr/bin"):
        for path in sorted(Path(folder).glob("python3.1[1-9]"), reverse=True):
            probe = [str(path), "-c", "import ensurepip"]
            if is_open_to_all(path.resolve()) and not subprocess.run(probe, check=False).returncode:
                return str(path)
    return ""


def python_of_version(version: str) -> str:
    """A Python of this version with venv: from the PATH, or from pyenv; blank where none is."""
    names = [shutil.which(f"python{version}")]
    names += map(str, (Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python{version}"))
    for name in filter(None, names):
        probe = subprocess.run([name, "-c", "import ensurepip"], capture_output=True, check=False)
        if probe.returncode == 0:
            return name
    return ""


def free_port() -> int:
    """A port nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Started:
    """A `make` that runs, and what it has said so far."""

    process: subprocess.Popen[bytes]
    lines_read: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.lines_read.append(line.decode(errors="replace"))

    @property
    def output(self) -> str:
        """All it has said."""
        return "".join(self.lines_read)

    def wait_for(self, text: str) -> None:
        """Wait until it says so."""
        until = time.monotonic() + PATIENCE
        while text not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < until, self.output
            time.sleep(0.02)

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Send the signal to all of the terminal's group, as Ctrl-C does."""
        os.killpg(self.process.pid, number)

    def end(self) -> int:
        """Wait for its end; the exit status."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status


@dataclass
class Clone:
    """One clone: where it is, who works in it, in which environment, behind which command."""

    folder: Path
    account: str = ""
    environment: dict[str, str] = field(default_factory=neutral_environment)
    behind: Sequence[str] = ()
    variables: Sequence[str] = ()
    port: int = field(default_factory=free_port)

    def start(self, *goal: str) -> Started:
        """Start `make` with a goal, as in a terminal of its own."""
        command = [*self.behind, "make", *goal, f"PORT={self.port}", *self.variables]
        who: dict[str, Any] = {}
        if self.account:
            entry = pwd.getpwnam(self.account)
            who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return Started(
            subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **who,
            )
        )

    def make(self, *goal: str) -> tuple[int, str]:
        """Run `make` to its end: exit status and all it said."""
        started = self.start(*goal)
        return started.end(), started.output

    def serves(self, *goal: str) -> str:
        """Run the product, look at its first page, stop it with Ctrl-C: what was said."""
        started = self.start(*(goal or ("run",)))
        try:
            started.wait_for(SERVED)
            if "--net" not in self.behind:
                assert 'name="username"' in first_page(self.port)
        finally:
            started.interrupt()
            started.end()
        assert "Traceback" not in started.output, started.output
        assert started.output.rstrip().endswith(STOPPED), started.output
        assert self.left_behind() == []
        return started.output

    def passes_its_tests(self, *goals: str) -> None:
        """Run a part of the suite by `make test`, or by other goals."""
        self.environment["PYTEST_ADDOPTS"] = PART
        status, output = self.make(*(goals or ("test",)))
        assert status == 0, output
        assert self.left_behind() == []

    def left_behind(self) -> list[str]:
        """The processes that still work in this clone, or on its data; they get a moment to end."""
        until = time.monotonic() + 15
        while (processes := self._working()) and time.monotonic() < until:
            time.sleep(0.1)
        return processes

    def _working(self) -> list[str]:
        real = self.folder.resolve()
        marks = (str(self.folder), str(real), str(data_folder(real)))
        processes = []
        for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
            words = " ".join(process.info["cmdline"] or [])
            if any(mark in f"{words} {process.info['cwd']}" for mark in marks):
                processes.append(f"{process.pid} {words}")
        return processes


def first_page(port: int) -> str:
    """What an anonymous visitor sees."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=30) as answer:
        assert answer.status == 200
        return answer.read().decode()


def hand_over(folder: Path, account: str) -> None:
    """Give a folder with all in it to an account."""
    entry = pwd.getpwnam(account)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def closed(folder: Path) -> Path:
    """The folder, made, that nobody else can enter (mode 700)."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(stat.S_IRWXU)
    return folder
