"""Locales, folders, memory, Pythons, ports, networks: it works, or a sentence says why not."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.starts.clones import Clone, closed, neutral_environment, python_of_version
from tests.starts.conftest import NewClone

# As root, in a view of the file system that ends with the command.
ALONE = ("unshare", "--mount", "sh", "-ec")
SMALL_SHARED_MEMORY = (*ALONE, 'mount -t tmpfs -o size=64m none /dev/shm; exec "$@"', "sh")
NO_NETWORK = ("unshare", "--net", "sh", "-ec", 'ip link set lo up; exec "$@"', "sh")


@pytest.mark.parametrize("locale", [{}, {"LANG": "C"}, {"LC_ALL": "C"}, {"LC_ALL": "xx_XX"}])
def test_any_locale_or_none(new_clone: NewClone, locale: dict[str, str]):
    environment = neutral_environment()
    environment.pop("LANG", None)
    clone = new_clone("Größe", environment=environment | locale)
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_a_temporary_folder_elsewhere(new_clone: NewClone, place: Path):
    elsewhere = closed(place / ("t" * 120))
    clone = new_clone(environment=neutral_environment(TMPDIR=str(elsewhere)))
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_a_temporary_folder_that_is_full(clone_of_roots: NewClone, place: Path):
    full = closed(place / "full")
    fill = (
        f"mount -t tmpfs -o size=64k,mode=1777 none '{full}'; "
        f"head -c 65536 /dev/zero > '{full}/all' || true; exec \"$@\""
    )
    clone = clone_of_roots(
        environment=neutral_environment(TMPDIR=str(full)), behind=(*ALONE, fill, "sh")
    )
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_little_shared_memory(clone_of_roots: NewClone):
    clone = clone_of_roots(behind=SMALL_SHARED_MEMORY)
    clone.serves()
    clone.passes_its_tests()
    joins = [*SMALL_SHARED_MEMORY, clone.folder / ".venv/bin/python", "-m", "tests.starts.joins"]
    done = subprocess.run(joins, cwd=clone.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["1000000"] * 8), done.stderr


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_each_python(new_clone: NewClone, version: str):
    python = python_of_version(version)
    if not python:
        pytest.skip(f"There is no Python {version} with venv.")
    clone = new_clone(variables=[f"PYTHON={python}"])
    assert f"with Python {version}" in clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_another_python_than_last_time(new_clone: NewClone):
    first, second = python_of_version("3.11"), python_of_version("3.12")
    if not (first and second):
        pytest.skip("There are no two Pythons with venv.")
    clone = new_clone(variables=[f"PYTHON={first}"])
    assert "with Python 3.11" in clone.serves("run", "DATABASE=sqlite")
    clone.variables = [f"PYTHON={second}"]
    assert "with Python 3.12, in place of the one with Python 3.11" in clone.serves(
        "run", "DATABASE=sqlite"
    )
    assert "Making a virtual environment" not in clone.serves("run", "DATABASE=sqlite")


@pytest.mark.quick
def test_a_python_that_is_missing_or_old(new_clone: NewClone, place: Path):
    old = place / "python"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "raise SystemExit(1)"\n')
    old.chmod(0o755)
    for python in ("/no/such/python", str(old)):
        clone = new_clone(Path(python).parent.name, variables=[f"PYTHON={python}"])
        for goal in ("run", "test"):
            status, output = clone.make(goal)
            assert status
            assert last_line(output) == (
                f"Python 3.11 or newer is needed; '{python}' is missing or older. Install it, or "
                f"say make PYTHON=/path/to/python."
            )


def test_without_venv(clone_of_roots: NewClone, place: Path):
    """Debian keeps ensurepip in a package of its own."""
    library = Path("/usr/lib/python3.11")
    if not (library / "venv").exists():
        pytest.skip("This machine has no Python 3.11 of Debian's.")
    without = place / "library"
    shutil.copytree(library, without, symlinks=True, ignore=shutil.ignore_patterns("ensurepip"))
    hide = f"mount --bind '{without}' {library}; exec \"$@\""
    clone = clone_of_roots(behind=(*ALONE, hide, "sh"), variables=["PYTHON=/usr/bin/python3.11"])
    for goal in ("run", "test"):
        status, output = clone.make(goal)
        assert status
        assert last_line(output) == (
            "Could not install: Python 3.11 (/usr/bin/python3.11) comes without venv. On Debian "
            "and Ubuntu say: apt install python3.11-venv"
        )
    assert not (clone.folder / ".venv").exists()


def test_without_a_network(clone_of_roots: NewClone):
    """The first time it cannot work, and says so; the second time it needs none."""
    clone = clone_of_roots(behind=NO_NETWORK)
    clone.environment |= {"PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    without_index = {
        name: value
        for name, value in clone.environment.items()
        if name not in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL")
    }
    clone.environment = without_index
    status, output = clone.make("run")
    assert status
    assert last_line(output).startswith(
        "Could not install: no package index answers, or it lacks a package. Look at the network, "
        "or name an index in PIP_INDEX_URL, and say make again. ("
    )
    clone.behind, clone.environment = (), neutral_environment()
    clone.serves()
    clone.behind = NO_NETWORK
    assert "Making the tables" not in clone.serves()
    for name in ("requirements.txt", "requirements-dev.txt"):
        (clone.folder / name).touch()
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_a_port_that_is_taken_and_another_clone_that_runs(new_clone: NewClone):
    first, second = new_clone("first"), new_clone("second")
    second.make("lint")
    running = first.start("run")
    try:
        running.wait_for("The back office is at")
        for database in ("postgres", "sqlite"):
            blocked = Clone(second.folder, port=first.port)
            status, output = blocked.make("run", f"DATABASE={database}")
            assert status
            assert last_line(output) == (
                f"Could not start: port {first.port} of 127.0.0.1 cannot be used ([Errno 98] "
                f"Address already in use). Say for example: make run PORT=8001"
            )
        second.serves()
        second.serves("run", "DATABASE=sqlite")
        second.passes_its_tests()
        status, output = Clone(first.folder).make("run")
        assert status
        assert "another `make run` works on the data in" in last_line(output)
    finally:
        running.interrupt()
        running.end()
    assert first.left_behind() == []


def test_a_port_that_another_program_has(new_clone: NewClone):
    clone = new_clone()
    with socket.create_server(("127.0.0.1", clone.port)):
        status, output = clone.make("run", "DATABASE=sqlite")
    assert status
    assert "Say for example: make run PORT=8001" in last_line(output)
    clone.serves("run", "DATABASE=sqlite")


def last_line(output: str) -> str:
    """What it ended with, `make`'s own line left out."""
    lines = [line for line in output.splitlines() if line and not line.startswith("make:")]
    assert "Traceback" not in output
    return lines[-1]
