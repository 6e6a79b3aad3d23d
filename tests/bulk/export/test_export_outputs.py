"""Where `export_csv` writes: a file is there whole or not at all, and a reader may stop."""

import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.bulk.export import school_archive
from backoffice.bulk.export.other_systems import writer_for


@pytest.mark.parametrize("name", ["none/x.csv", "", "none/school.zip"])
def test_an_output_that_cannot_be_written_is_wrong_usage(courses, tmp_path, name):
    path = tmp_path / name
    kind = [] if path.suffix == ".zip" else ["courses"]
    with pytest.raises(CommandError) as refusal:
        call_command("export_csv", *kind, "--output", str(path))
    assert (str(refusal.value), refusal.value.returncode) == (f"{path} cannot be written.", 2)


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is forbidden to the superuser")
def test_a_folder_that_takes_no_file_is_wrong_usage(courses, tmp_path):
    tmp_path.chmod(0o500)
    path = tmp_path / "x.csv"
    with pytest.raises(CommandError) as refusal:
        call_command("export_csv", "courses", "--output", str(path))
    assert (str(refusal.value), refusal.value.returncode) == (f"{path} cannot be written.", 2)


def fails_at_assessments(ending: str, dialect: str, kind: str) -> Any:
    """Writes as ever, until the disk is full."""

    def write(selection: Any, stream: IO[bytes]) -> int:
        if kind == "assessments":
            raise OSError(28, "No space left on device")
        return writer_for(ending, dialect, kind)(selection, stream)

    return write


@pytest.mark.parametrize("before", [None, b"of last week"])
def test_an_export_that_fails_half_way_leaves_what_was_there(demo, monkeypatch, tmp_path, before):
    path = tmp_path / "out" / "school.zip"
    path.parent.mkdir()
    if before:
        path.write_bytes(before)
    monkeypatch.setattr(school_archive, "writer_for", fails_at_assessments)
    with pytest.raises(CommandError) as refusal:
        call_command("export_csv", "--output", str(path))
    message = (
        "The disk of the server is full, and nothing was written. Tell the operator, then try "
        "again."
    )
    assert (str(refusal.value), refusal.value.returncode) == (message, 1)
    assert [each.read_bytes() for each in path.parent.iterdir()] == ([before] if before else [])


def test_a_file_that_is_written_anew_keeps_its_mode_and_its_link(courses, tmp_path):
    file, link = tmp_path / "file.csv", tmp_path / "link.csv"
    file.write_text("of last week")
    file.chmod(0o640)
    link.symlink_to(file)
    call_command("export_csv", "courses", "--output", str(link))
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.read_text().startswith("course_code,")


def test_what_is_no_file_is_written_to_and_stays(courses, tmp_path):
    call_command("export_csv", "courses", "--output", os.devnull)
    assert Path(os.devnull).is_char_device()


def test_an_output_that_is_a_pipe_is_written_to(courses):
    reading, writing = os.pipe()
    call_command("export_csv", "courses", "--output", f"/dev/fd/{writing}")
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert stream.read().startswith("course_code,")


def test_whoever_stops_reading_ends_the_command_quietly(courses, monkeypatch, capfd):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as end:
            call_command("export_csv", "courses")
    assert end.value.code == 128 + signal.SIGPIPE
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("kind", "named", "message"),
    [
        (
            "users",
            ("--course", "BIO101", "--presentation", "2026J"),
            "The rows of a file of people belong to no course. Choose no course.",
        ),
        ("courses", ("--course", "BIO101"), "Give both a course code and a presentation."),
    ],
)
def test_a_course_that_cannot_be_chosen_is_told_why(courses, kind, named, message):
    with pytest.raises(CommandError) as refusal:
        call_command("export_csv", kind, *named)
    assert (str(refusal.value), refusal.value.returncode) == (message, 2)
