"""Sections of Canvas and classes of OneRoster: several rows of a file are one enrollment here."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, SectionMembership
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import OutcomeChanged, apply
from backoffice.bulk.pipeline.report import rejected_rows
from tests.bulk.plan.sections import canvas_file, oneroster_file

PEOPLE = ("s1001", "s1002", "s1003")


@pytest.fixture
def school(courses: Any, student: Any) -> None:
    for name in PEOPLE:
        student(name)


@pytest.fixture
def canvas(import_file: Any, school: None) -> Any:
    """Brings in rows of Canvas."""
    return lambda *rows, **options: import_file("enrollments", canvas_file(*rows), **options)


@pytest.fixture
def look_at(upload: Any, school: None) -> Any:
    """Previews rows of Canvas."""
    return lambda *rows, **options: upload("enrollments", canvas_file(*rows), **options)


def enrollment(person: str = "s1001") -> tuple[str, str, str]:
    row = Enrollment.objects.get(student__student_id=person)
    return row.status, str(row.enrolled_on), str(row.withdrawn_on)


def sections(person: str = "s1001") -> dict[str, str]:
    rows = SectionMembership.objects.filter(enrollment__student__student_id=person)
    return dict(rows.order_by("section").values_list("section", "status"))


def counts(batch: Batch) -> dict[str, int]:
    names = ("rows", "created", "updated", "unchanged", "rejected", "duplicates", "folded")
    found = {name: getattr(batch, name) for name in names}
    assert sum(found.values()) == 2 * batch.rows  # each row counts once
    return {name: number for name, number in found.items() if number}


def errors(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.filter(is_warning=False).order_by("row", "pk")]


def warnings(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.filter(is_warning=True).order_by("row", "pk")]


def test_who_moved_to_another_section_is_active_whatever_the_order(canvas):
    batch = canvas("s1001 S1 deleted", "s1001 S2 active", "s1002 S2 active", "s1002 S1 deleted")
    assert enrollment("s1001")[0] == enrollment("s1002")[0] == "active"
    assert counts(batch) == {"rows": 4, "created": 2, "folded": 2}
    assert sections("s1001") == sections("s1002") == {"S1": "withdrawn", "S2": "active"}


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ("completed active", "active"),
        ("deleted completed", "completed"),
        ("inactive deleted", "withdrawn"),
        ("deleted completed active", "active"),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_what_goes_on_comes_before_what_is_done_and_that_before_what_ended(
    canvas, states, together, is_turned
):
    rows = [f"s1001 S{number} {state}" for number, state in enumerate(states.split())]
    canvas(*(reversed(rows) if is_turned else rows))
    assert enrollment()[0] == together


def test_the_earliest_begin_counts_and_the_latest_end(canvas):
    canvas(
        "s1001 S1 deleted 2026-03-01 2026-03-20",
        "s1001 S2 deleted 2026-02-01 2026-04-20",
        "s1002 S1 deleted 2026-02-10 2026-04-20",
        "s1002 S2 deleted - -",
        "s1003 S1 deleted 2026-02-10 2026-04-20",
        "s1003 S2 active 2026-04-20 -",
    )
    assert enrollment("s1001") == ("withdrawn", "2026-02-01", "2026-04-20")
    # None is the latest end.
    assert enrollment("s1002") == ("withdrawn", "2026-02-10", "None")
    assert enrollment("s1003") == ("active", "2026-02-10", "None")
    kept = SectionMembership.objects.filter(enrollment__student__student_id="s1001")
    assert set(kept.values_list("system", "section", "status")) == {
        ("canvas", "S1", "withdrawn"),
        ("canvas", "S2", "withdrawn"),
    }
    assert {str(each.withdrawn_on) for each in kept} == {"2026-03-20", "2026-04-20"}


def test_two_rows_of_one_section_are_folded_too(canvas):
    batch = canvas("s1001 S1 deleted 2026-02-01 2026-03-01", "s1001 S1 active 2026-03-10")
    assert enrollment() == ("active", "2026-02-01", "None")
    assert (counts(batch), sections()) == (
        {"rows": 2, "created": 1, "folded": 1},
        {"S1": "active"},
    )


def test_an_identical_row_is_repeated_and_not_folded(canvas):
    batch = canvas("s1001 S1 active", "s1001 S1 active", "s1001 S2 active")
    assert counts(batch) == {"rows": 3, "created": 1, "duplicates": 1, "folded": 1}
    assert warnings(batch) == [
        "Line 1: 2 rows of the file are 1 enrollment: a course has no sections here. What is kept "
        "of each section stands on the page of the enrollment.",
        "Line 3: the same row stands on line 2 already. It is ignored.",
    ]


def test_rows_of_two_roles_are_no_fold(look_at):
    batch = look_at("s1001 S1 active", "s1001/ta S2 active", "s1001 S3 deleted", on_error="skip")
    assert counts(batch) == {"rows": 3, "created": 1, "rejected": 1, "folded": 1}
    issue = batch.issues.get(is_warning=False)
    assert (issue.code, issue.line, issue.column) == ("conflicting_duplicate", 3, "role")
    assert issue.message == (
        "Line 3: the same row stands on line 2 already with another value in role. The first one "
        "stands."
    )


WRONG_ROWS = {
    "a word that says nothing": "s1001 S2 gone",
    "a day that there is not": "s1001 S2 deleted 2026-02-30",
    "an end before the begin": "s1001 S2 deleted 2026-03-01 2026-02-01",
    "a begin after the course": "s1001 S2 active 2027-03-01",
}


@pytest.mark.parametrize("wrong", WRONG_ROWS.values(), ids=WRONG_ROWS)
@pytest.mark.parametrize("is_first", [False, True])
def test_where_one_row_of_a_fold_is_refused_all_are(canvas, wrong, is_first):
    good = "s1001 S1 active 2026-02-01"
    rows = (wrong, good) if is_first else (good, wrong)
    batch = canvas(*rows, "s1002 S1 active 2026-02-01", on_error="skip")
    assert counts(batch) == {"rows": 3, "created": 1, "rejected": 2}
    there, other = (3, 2) if is_first else (2, 3)
    assert (
        f"Line {there}: the row is one with that on line {other}, which is refused. Correct that "
        "one." in errors(batch)
    )
    assert list(Enrollment.objects.values_list("student__student_id", flat=True)) == ["s1002"]
    header, *lines = csv.reader(io.StringIO("".join(rejected_rows(batch))))
    assert len(lines) == 2


def test_who_is_unknown_is_unknown_in_every_row(look_at):
    batch = look_at("s1009 S1 active", "s1009 S2 deleted", on_error="skip")
    assert counts(batch) == {"rows": 2, "rejected": 2}
    assert {issue.code for issue in batch.issues.filter(is_warning=False)} >= {"unknown_student"}


def test_the_command_says_how_many_rows_are_how_many_enrollments(
    school, tmp_path: Path, capsys: Any
):
    path, report = tmp_path / "in.csv", tmp_path / "out.json"
    path.write_text(canvas_file("s1001 S1 deleted", "s1001 S2 active"))
    call_command("import_csv", "enrollments", str(path), "--report", str(report))
    printed = capsys.readouterr().out.strip()
    assert printed.endswith(
        "1 created, 0 updated, 0 unchanged, 0 rejected, 0 repeated, 1 folded. 2 rows of the file "
        "are 1 enrollment: a course has no sections here. What is kept of each section stands on "
        "the page of the enrollment. It was read as “Canvas SIS enrollments”."
    )
    found = json.loads(report.read_text())
    names = ("created", "updated", "unchanged", "rejected", "duplicates", "folded")
    assert (found["folded"], sum(found[name] for name in names)) == (1, found["rows"])


def test_the_preview_says_it_too(look_at, registrar_client):
    batch = look_at("s1001 S1 deleted", "s1001 S2 active")
    page = registrar_client.get(f"/admin/bulk/batch/{batch.pk}/change/").content.decode()
    assert "2 rows of the file are 1 enrollment: a course has no sections here." in page
    assert "Sections to note" in page


@pytest.mark.parametrize("mode", ["upsert", "update"])
def test_a_file_that_ends_one_of_two_sections_ends_nothing(canvas, mode):
    canvas("s1001 S1 active 2026-02-01", "s1001 S2 active 2026-03-01")
    batch = canvas("s1001 S2 deleted 2026-03-01 2026-04-01", mode=mode)
    assert (counts(batch), batch.sections) == ({"rows": 1, "unchanged": 1}, 1)
    assert warnings(batch) == [
        "Line 2: status “deleted” is of this section alone: section “S1”, from an earlier file, "
        "goes on."
    ]
    assert enrollment() == ("active", "2026-02-01", "None")
    assert sections() == {"S1": "active", "S2": "withdrawn"}
    batch = canvas("s1001 S1 deleted 2026-02-01 2026-05-01", mode=mode)
    assert counts(batch) == {"rows": 1, "updated": 1}
    assert enrollment() == ("withdrawn", "2026-02-01", "2026-05-01")


def test_sections_that_come_one_by_one_are_kept_together(canvas):
    assert counts(canvas("s1001 S1 active 2026-03-01")) == {"rows": 1, "created": 1}
    batch = canvas("s1001 S2 active 2026-03-05")
    assert (counts(batch), batch.sections, batch.writes) == ({"rows": 1, "unchanged": 1}, 1, 1)
    canvas("s1001 S1 deleted 2026-03-01 2026-04-01")
    assert enrollment() == ("active", "2026-03-01", "None")


def test_the_same_file_twice_writes_nothing(canvas):
    rows = ("s1001 S1 deleted", "s1001 S2 active", "s1002 S1 completed", "s1003 S1 active")
    canvas(*rows)
    versions = SectionMembership.history.count(), Enrollment.history.count()
    batch = canvas(*rows)
    assert (counts(batch), batch.writes) == ({"rows": 4, "unchanged": 3, "folded": 1}, 0)
    assert versions == (SectionMembership.history.count(), Enrollment.history.count())


CLASSES = ("BIO101-2026J", "BIO101_2026J")


def test_classes_of_oneroster_are_folded_in_bulk_and_kept_for_the_delta(import_file, school):
    def rows(*states: str) -> str:
        pairs = zip(CLASSES, states, strict=True)
        return oneroster_file(*(f"s1001 {name} {state}" for name, state in pairs if state))

    batch = import_file("enrollments", rows("-", "-"))
    assert (counts(batch), len(sections())) == ({"rows": 2, "created": 1, "folded": 1}, 2)
    batch = import_file("enrollments", rows("tobedeleted", ""))
    assert (counts(batch), enrollment()[0]) == ({"rows": 1, "unchanged": 1}, "active")
    batch = import_file("enrollments", rows("", "tobedeleted"))
    assert (counts(batch), enrollment()[0]) == ({"rows": 1, "updated": 1}, "withdrawn")
    batch = import_file("enrollments", rows("tobedeleted", "active"))
    assert (counts(batch), enrollment()[0]) == ({"rows": 2, "updated": 1, "folded": 1}, "active")


def test_a_section_of_another_system_counts_too(canvas, import_file):
    canvas("s1001 S1 active")
    import_file("enrollments", oneroster_file("s1001 BIO101-2026J active"))
    canvas("s1001 S1 deleted")
    assert enrollment()[0] == "active"
    import_file("enrollments", oneroster_file("s1001 BIO101-2026J tobedeleted"))
    assert enrollment()[0] == "withdrawn"


def test_each_line_stands_in_the_record(canvas):
    batch = canvas("s1001 S1 deleted", "s1001 S2 active")
    history = SectionMembership.history.filter(change_set=batch.change_set)
    assert dict(history.values_list("section", "line")) == {"S1": 2, "S2": 3}
    # The enrollment comes from the line that decides it.
    assert Enrollment.history.get(change_set=batch.change_set).line == 3


def test_what_somebody_ended_here_since_no_old_section_revives(canvas):
    canvas("s1001 S1 active", "s1001 S2 active")
    Enrollment.objects.update(status="withdrawn", withdrawn_on="2026-04-01")
    canvas("s1001 S2 deleted 2026-02-01 2026-03-01")
    assert (enrollment()[0], sections()) == ("withdrawn", {"S1": "withdrawn", "S2": "withdrawn"})


def test_a_section_that_a_whole_roster_does_not_name_is_over(canvas):
    canvas("s1001 S1 active", "s1001 S2 active", "s1002 S1 active")
    batch = canvas("s1001 S1 active", "s1002 S1 active", mode="sync")
    assert (batch.withdrawn, sections()) == (0, {"S1": "active", "S2": "withdrawn"})
    canvas("s1001 S1 deleted")
    assert enrollment()[0] == "withdrawn"


def test_another_role_in_another_section_is_refused(canvas, look_at):
    canvas("s1001 S1 active")
    batch = look_at("s1001/ta S2 active", on_error="skip")
    assert errors(batch) == [
        "Line 2: role “ta” contradicts section “S1”, which goes on in another one. End that "
        "section in the same file, or correct this row."
    ]
    assert counts(canvas("s1001/ta S1 active")) == {"rows": 1, "updated": 1}


def test_rows_that_name_no_section_are_about_the_whole_enrollment(canvas, import_file, upload):
    canvas("s1001 S1 active", "s1001 S2 active")
    header = "course_id,user_id,role,status\n"
    batch = import_file("enrollments", f"{header}BIO101-2026J,s1001,student,deleted\n")
    assert (counts(batch), enrollment()[0]) == ({"rows": 1, "updated": 1}, "withdrawn")
    rows = "".join(f"BIO101-2026J,s1002,student,{state}\n" for state in ("active", "deleted"))
    batch = upload("enrollments", header + rows)
    assert [issue.code for issue in batch.issues.filter(is_warning=False)] == [
        "conflicting_duplicate"
    ]


def test_no_file_of_ours_has_a_column_for_sections(upload, school):
    text = "student_id,course_code,presentation,section\ns1001,BIO101,2026J,S1\n"
    assert upload("enrollments", text).sentence.startswith(
        "The kind “enrollments” has no column “section”"
    )


def test_a_fold_takes_one_place_and_is_refused_as_a_whole(look_at, courses):
    Course.objects.filter(code="BIO101").update(enrollment_limit=1)
    rows = [f"{name} {section} active" for name in PEOPLE[:2] for section in ("S1", "S2")]
    batch = look_at(*rows, on_error="skip")
    assert counts(batch) == {"rows": 4, "created": 1, "rejected": 2, "folded": 1}
    assert {issue.line for issue in batch.issues.filter(is_warning=False)} == {4, 5}


def test_what_changed_between_preview_and_apply_makes_a_new_preview(
    look_at, canvas, registrar, school
):
    canvas("s1001 S1 active")
    batch = look_at("s1001 S1 deleted")
    canvas("s1001 S2 active")
    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert counts(batch) == {"rows": 1, "unchanged": 1}


@pytest.mark.parametrize("dialect", ["canvas", "oneroster"])
def test_an_export_that_comes_back_changes_nothing(canvas, dialect, tmp_path: Path):
    canvas(
        "s1001 S1 deleted 2026-02-01 2026-03-01",
        "s1001 S2 active 2026-03-02",
        "s1002 S1 deleted 2026-02-01 2026-03-01",
        "s1002 S2 deleted 2026-02-01 2026-04-01",
        "s1003 S1 completed 2026-02-01",
    )
    before = list(Enrollment.objects.order_by("pk").values())
    kept = list(SectionMembership.objects.order_by("pk").values())
    path = tmp_path / "out.csv"
    call_command("export_csv", "enrollments", "--dialect", dialect, "--output", str(path))
    call_command("import_csv", "enrollments", str(path), "--dialect", dialect)
    batch = Batch.objects.order_by("-pk").first()
    assert (counts(batch), batch.writes) == ({"rows": 3, "unchanged": 3}, 0)
    assert before == list(Enrollment.objects.order_by("pk").values())
    assert kept == list(SectionMembership.objects.order_by("pk").values())
