"""The commands `import_csv` and `export_csv`: options, exit codes, report and closing sentence."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch

TEXT = """student_id,course_code,presentation,status,first_name
s1001,BIO101,2026J,active,Zoë
s1002,BIO101,2026J,actve,Li
"""
KEYS = [
    "batch",
    "kind",
    "mode",
    "dry_run",
    "state",
    "rows",
    "created",
    "updated",
    "unchanged",
    "withdrawn",
    "returns",
    "created_students",
    "rejected",
    "duplicates",
    "digest",
    "seconds",
    "errors",
    "warnings",
]


@pytest.fixture
def run(tmp_path: Path, capsys: Any) -> Any:
    """Runs `import_csv` on text; gives exit code, report and what was printed."""

    def run_import(text: str, *options: str, kind: str = "enrollments") -> tuple[int, Any, str]:
        path, report = tmp_path / "in.csv", tmp_path / "report.json"
        path.write_text(text)
        code = 0
        try:
            call_command("import_csv", kind, str(path), "--report", str(report), *options)
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            code = error.returncode
        output = capsys.readouterr().out.strip()
        return code, json.loads(report.read_text()) if report.exists() else None, output

    return run_import


def test_a_refused_file_exits_1_with_a_report_of_every_error(run, courses):
    code, report, output = run(TEXT, "--create-students")

    assert code == 1
    assert list(report) == KEYS
    assert (report["state"], report["rows"], report["rejected"], report["created"]) == (
        "refused",
        2,
        1,
        0,
    )
    assert report["errors"] == [
        {
            "line": 3,
            "row": 2,
            "column": "status",
            "value": "actve",
            "code": "invalid_choice",
            "message": "Line 3: status “actve” is not one of: active, completed, failed, withdrawn."
            " Did you mean “active”?",
        }
    ]
    assert output == (
        "1 row of 2 is wrong; nothing was written. Correct the file, or leave wrong rows out."
    )
    assert not Enrollment.objects.exists()


def test_skip_applies_the_good_rows_and_writes_the_wrong_ones(run, courses, tmp_path):
    rejected = tmp_path / "rejected.csv"
    code, report, output = run(
        TEXT, "--create-students", "--on-error", "skip", "--rejected", str(rejected)
    )

    assert (code, report["state"], report["created"], report["created_students"]) == (
        0,
        "applied",
        1,
        1,
    )
    assert output == (
        f"in.csv was applied as import {report['batch']}: 1 created, 0 updated, 0 unchanged,"
        " 1 rejected, 0 repeated."
    )
    header, row = csv.reader(rejected.read_text(encoding="utf-8-sig").splitlines())
    assert header == [
        "student_id",
        "course_code",
        "presentation",
        "status",
        "first_name",
        "line",
        "errors",
    ]
    assert row[:6] == ["s1002", "BIO101", "2026J", "actve", "Li", "3"]


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(run, courses, private_files):
    code, report, output = run(TEXT.replace("actve", "active"), "--create-students", "--dry-run")

    assert (code, report["batch"], report["dry_run"], report["state"]) == (
        0,
        None,
        True,
        "previewed",
    )
    assert (report["created"], report["created_students"]) == (2, 2)
    assert output.startswith("in.csv could be applied: 2 created")
    assert not Enrollment.objects.exists()
    assert not Batch.objects.exists()
    assert not list(private_files.rglob("*.csv"))


def test_a_dry_run_that_meets_the_change_limits_names_no_import(run, courses):
    lines = "".join(f"s{n},BIO101,2026J\n" for n in range(1001, 1041))
    header = "student_id,course_code,presentation\n"
    run(header + lines, "--create-students")
    before = Batch.objects.count()
    code, report, output = run(header + lines[: len(lines) // 2], "--mode", "sync", "--dry-run")

    assert (code, report["batch"], report["state"]) == (1, None, "held")
    assert output == (
        "in.csv would wait for a second person. It withdraws 20 of 40 enrollments of BIO101 2026J "
        "Biology: 50.0 %, and at most 5 % go in without a second person."
    )
    assert Batch.objects.count() == before


def test_a_file_refused_half_way_counts_no_rows(run, courses):
    rows = "".join(f"s{n},BIO101,2026J,active,Zoë\n" for n in range(10_000, 20_000))
    text = TEXT.replace("actve", "active") + rows + 's9999,BIO101,2026J,active,"Zoë\n' + rows * 5
    code, report, _output = run(text, "--create-students")

    assert (code, report["state"], report["rows"]) == (1, "refused", 0)
    assert [error["code"] for error in report["errors"]] == ["row_too_long"]


def test_the_digest_of_a_dry_run_is_that_of_the_import(run, courses):
    text = TEXT.replace("actve", "active")
    _code, dry, _output = run(text, "--create-students", "--dry-run")
    _code, wet, _output = run(text, "--create-students")
    assert dry["digest"] == wet["digest"]


def test_the_actor_and_the_reason_stand_in_the_history(run, courses, registrar):
    run(
        TEXT.replace("actve", "active"),
        "--create-students",
        "--actor",
        "registrar",
        "--reason",
        "Autumn intake",
    )
    for row in Enrollment.history.all():
        assert (row.history_user, row.history_change_reason) == (registrar, "Autumn intake")


@pytest.mark.parametrize(
    "options",
    [
        ("--actor", "nobody"),
        ("--actor", "instructor"),
        ("--max-changed", "101"),
        ("--approved-by", "registrar"),
    ],
)
def test_what_cannot_be_done_is_wrong_usage(run, courses, instructor, options):
    code, report, _output = run(TEXT, *options)
    assert (code, report) == (2, None)
    assert not Batch.objects.exists()


def test_a_missing_file_and_an_unknown_kind_are_wrong_usage(courses, tmp_path):
    for arguments in (("enrollments", str(tmp_path / "none.csv")), ("planets", __file__)):
        with pytest.raises((CommandError, SystemExit)) as refusal:
            call_command("import_csv", *arguments)
        code = getattr(refusal.value, "returncode", getattr(refusal.value, "code", None))
        assert code in (1, 2)


def test_an_export_imports_again_without_a_change(run, import_file, courses, tmp_path):
    import_file("enrollments", TEXT.replace("actve", "active"), create_students=True)
    out = tmp_path / "out.csv"
    call_command("export_csv", "enrollments", "--output", str(out))

    code, report, _output = run(out.read_text(encoding="utf-8-sig"))
    assert (code, report["unchanged"], report["updated"], report["created"]) == (0, 2, 0, 0)


def test_the_export_of_one_course_has_its_rows_only(import_file, courses, tmp_path):
    import_file(
        "enrollments",
        TEXT.replace("s1002,BIO101,2026J,actve", "s1002,ART200,2026B,active"),
        create_students=True,
    )
    out = tmp_path / "out.csv"
    call_command(
        "export_csv",
        "enrollments",
        "--course",
        "ART200",
        "--presentation",
        "2026B",
        "--output",
        str(out),
    )
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["student_id"] for row in rows] == ["s1002"]


def test_courses_and_people_come_in_too(run, db, instructor):
    code, report, _output = run(
        "course_code,presentation,title,starts_on,ends_on,status,instructor,enrollment_limit,length_days\n"
        "BIO101,2026J,Biology,2026-02-01,2026-06-30,published,instructor,120,150\n",
        kind="courses",
    )
    assert (code, report["created"]) == (0, 1)
    course = Course.objects.get()
    assert (course.instructor, course.enrollment_limit, course.slug) == (
        instructor,
        120,
        "bio101-2026j",
    )

    code, report, _output = run(
        "student_id,first_name,email,language,is_active\ns1001,Zoë,Zoe@Example.org,fr,1\n",
        kind="users",
    )
    assert (code, report["created"]) == (0, 1)
    student = User.objects.get(student_id="s1001")
    assert (student.role, student.email, student.language) == ("student", "zoe@example.org", "fr")


def test_a_forbidden_column_is_refused_and_kept_as_an_attempt(run, courses):
    code, report, output = run("student_id,is_superuser\ns1001,1\n", kind="users")

    assert (code, report["state"]) == (1, "refused")
    assert output == (
        "No file may set is_superuser. Remove the column and upload again;"
        " this attempt is on record."
    )
    batch = Batch.objects.get()
    assert (batch.state, bool(batch.file)) == ("refused", False)
    assert batch.issues.get().code == "forbidden_column"


UNREADABLE = {
    "empty": b"",
    "encrypted": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "no workbook": b"PK\x03\x04" + b"\0" * 60,
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_file_that_cannot_be_read_gets_a_report_whatever_else_is_asked_for(
    tmp_path, courses, private_files, name, more
):
    path, report, rejected = (tmp_path / each for each in ("in.csv", "report.json", "wrong.csv"))
    path.write_bytes(UNREADABLE[name])
    with pytest.raises(SystemExit) as end:
        call_command(
            "import_csv", "users", str(path), "--report", str(report), "--rejected", str(rejected),
            *more,
        )  # fmt: skip
    assert end.value.code == 1
    assert len(json.loads(report.read_text())["errors"]) == 1
    if more:
        assert not Batch.objects.exists()
        assert not [each for each in private_files.rglob("*") if each.is_file()]


@pytest.mark.parametrize("option", ["--report", "--rejected"])
def test_output_that_cannot_be_written_is_told_before_anything_is_done(run, courses, option):
    code, _report, _output = run(TEXT, "--create-students", option, "/nonexistent/x.csv")
    assert code == 2
    assert not Batch.objects.exists()


def test_a_disk_that_fills_does_not_change_how_it_ended(run, courses, monkeypatch, tmp_path):
    def fail(*_args: object, **_options: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("backoffice.bulk.cli.imports.write_rejected", fail)
    code, report, _output = run(
        TEXT, "--create-students", "--on-error", "skip", "--rejected", str(tmp_path / "wrong.csv")
    )
    assert (code, report["state"]) == (0, "applied")
    assert Enrollment.objects.count() == 1


def test_an_encoding_with_an_endless_name_is_wrong_usage(run, courses):
    code, _report, _output = run(TEXT, "--encoding", "x" * 60)
    assert code == 2
