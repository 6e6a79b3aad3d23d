"""Several files from the command line, in order; and all kinds out in one zip file."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch, Delivery
from tests.bulk.pipeline.test_deliveries import FILES, ORDER, UNKNOWN
from tests.bulk.readers.test_zip_files import packed


@pytest.fixture
def run(tmp_path: Path, capsys: Any) -> Any:
    """Runs `import_csv auto`; gives the exit code, the report and what was printed."""

    def run_import(files: dict[str, str | bytes], *options: str) -> tuple[int, Any, list[str]]:
        for name, text in files.items():
            (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        report, code = tmp_path / "report.json", 0
        paths = [str(tmp_path / name) for name in files]
        try:
            call_command("import_csv", "auto", *paths, "--report", str(report), *options)
        except SystemExit as end:
            code = int(end.code or 0)
        lines = capsys.readouterr().out.strip().splitlines()
        return code, json.loads(report.read_text()), lines

    return run_import


@pytest.mark.usefixtures("db")
def test_the_command_applies_all_in_order(run):
    code, report, lines = run(FILES)
    assert (code, len(lines)) == (0, 5)
    assert [each["file"] for each in report["files"]] == ORDER
    assert {each["state"] for each in report["files"]} == {"applied"}
    assert report["left_out"] == []
    assert lines[0].startswith("z.csv was applied as import ")
    assert AssessmentSubmission.objects.get().score == 17


@pytest.mark.usefixtures("db")
def test_the_command_stops_at_the_first_that_is_refused(run):
    code, report, lines = run(FILES | {"c.csv": "course_code,presentation,status\nX1,2026J,open\n"})
    assert code == 1
    assert [each["state"] for each in report["files"]] == ["applied", "refused"]
    assert lines[-1] == "Stopped there; 3 files after it were not read."
    assert (User.objects.filter(role="student").count(), Enrollment.objects.count()) == (2, 0)


@pytest.mark.usefixtures("db")
def test_a_file_that_is_not_recognised_is_listed_and_stops_nothing(run):
    code, report, lines = run(FILES | {"odd.csv": "a,b\n1,2\n"})
    assert (code, [each["state"] for each in report["files"]]) == (0, ["applied"] * 5)
    assert report["left_out"] == [{"file": "odd.csv", "message": UNKNOWN, "is_known": False}]
    assert lines[5:] == [f"odd.csv was left out. {UNKNOWN}"]


@pytest.mark.usefixtures("db")
def test_the_command_writes_nothing_where_a_file_cannot_be_read(run):
    code, report, lines = run(FILES | {"broken.zip": packed(FILES)[:200]})
    message = "The workbook cannot be read. Open it in Excel and save it again, or save it as CSV."
    assert (code, report["files"]) == (1, [])
    assert report["left_out"] == [{"file": "broken.zip", "message": message, "is_known": False}]
    assert lines == [f"Nothing was written. broken.zip: {message}"]
    assert not User.objects.filter(role="student").exists()
    assert not Batch.objects.exists()


@pytest.mark.usefixtures("db")
def test_nothing_that_goes_in_is_nothing_written(run):
    code, report, lines = run({"odd.csv": "a,b\n1,2\n"})
    assert (code, report["files"]) == (1, [])
    assert lines == [f"Nothing was written. odd.csv: {UNKNOWN}"]


@pytest.mark.usefixtures("db")
def test_a_rehearsal_applies_one_after_the_other_and_leaves_no_trace(run, private_files):
    code, report, lines = run({"all.zip": packed(FILES)}, "--dry-run")
    assert code == 0, lines
    assert [(each["state"], each["created"], each["batch"]) for each in report["files"]] == [
        ("previewed", 2, None),
        ("previewed", 1, None),
        ("previewed", 2, None),
        ("previewed", 1, None),
        ("previewed", 1, None),
    ]
    assert lines[2].startswith("all.zip/d.csv could be applied: 2 created")
    assert not Batch.objects.exists()
    assert not Delivery.objects.exists()
    assert not Course.objects.exists()
    assert not list(private_files.rglob("*.*"))


def test_what_cannot_be_asked_for_together_is_wrong_usage(tmp_path, db):
    path = tmp_path / "a.csv"
    path.write_text("a")
    for arguments, message in (
        (("users", path, path), "Several files at once go in with the kind “auto”."),
        (("auto", path, "--rejected", path), "--rejected takes the wrong rows of one file; name"),
    ):
        with pytest.raises(CommandError, match=message) as error:
            call_command("import_csv", *map(str, arguments))
        assert error.value.returncode == 2


@pytest.mark.parametrize("dialect", ["native", "oneroster", "canvas", "moodle"])
def test_all_kinds_go_out_in_one_zip_that_changes_nothing_when_it_comes_in(
    run, courses, student, tmp_path, capsys, dialect
):
    files = {
        "c.csv": "course_code,presentation,title\nOLD-1,2020_B,Old\nBIO300,2026J,Marine\n",
        "d.csv": FILES["d.csv"].replace("s1002,BIO300,2026J\n", "s1002,OLD-1,2020_B\n"),
    }
    assert run(FILES | files)[0] == 0
    Enrollment.objects.filter(student__student_id="s1002").update(
        status="withdrawn", withdrawn_on="2020-03-01"
    )
    out = tmp_path / "out" / "school.zip"
    out.parent.mkdir()
    call_command("export_csv", dialect=dialect, output=out)
    assert capsys.readouterr().out.startswith("2 people, ")

    code, report, lines = run({"school.zip": out.read_bytes()})
    assert code == 0, lines
    assert {each["created"] + each["updated"] for each in report["files"]} == {0}
    assert {each["rejected"] for each in report["files"]} == {0}
    assert sum(each["unchanged"] for each in report["files"]) == {
        "native": 10, "oneroster": 10, "canvas": 8, "moodle": 4,
    }[dialect]  # fmt: skip


def test_a_zip_of_one_kind_is_not_written(db, tmp_path):
    for options in ({"output": tmp_path / "a.csv"}, {"output": None}):
        with pytest.raises(CommandError, match="Name a kind, or else an --output that ends with"):
            call_command("export_csv", **options)
    with pytest.raises(CommandError, match="Name a kind, or else"):
        call_command("export_csv", "users", output=tmp_path / "a.zip")
    with pytest.raises(CommandError, match="There is nothing to write for Open edX."):
        call_command("export_csv", dialect="edx", output=tmp_path / "a.zip")
    assert not list(tmp_path.iterdir())
