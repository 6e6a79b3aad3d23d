"""Lookup files and workbooks: each is looked up in, or it is said that it is not."""

import io
from typing import Any

import pytest

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.corrections import Edit, correct
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.report import rejected_rows
from tests.bulk.workbooks import book

SECTIONS = [("section_id", "course_id", "name", "status"), ("A1", "BIO101-2026J", "A", "active")]
TERMS = [("term_id", "name", "status"), ("2026J", "Autumn", "active")]
ENROLLED = ("section_id", "user_id", "role", "status")
ADVICE = (
    "No row is looked up in a sheet: save the sheets as CSV files, and upload them in one zip file."
)


def enrolled(*students: str) -> list[tuple[str, ...]]:
    return [ENROLLED, *(("A1", who, "student", "active") for who in students)]


def as_text(rows: list[tuple[str, ...]]) -> bytes:
    return "\n".join(map(",".join, rows)).encode()


def left_out(batch: Batch) -> dict[str, str]:
    return {
        each.value: each.message.partition("The sheet is left out. ")[2]
        for each in batch.issues.filter(code="sheet_left_out")
    }


def test_a_lookup_file_on_a_sheet_is_left_out_and_said(upload, people):
    content = book({"Roster": enrolled("s1001"), "Sections": SECTIONS, "Terms": TERMS})
    batch = upload("enrollments", content, on_error="skip")
    assert left_out(batch) == {
        "Sections": f"Recognised as: Canvas SIS sections. No row of it is stored. {ADVICE}",
        "Terms": "Recognised as: Canvas SIS terms. No row of it is stored.",
    }
    assert batch.rejected == 1


def test_with_auto_a_lookup_file_on_a_sheet_is_said_too(run, people):
    content = book({"Roster": enrolled("s1001"), "Sections": SECTIONS})
    _code, report = run("auto", content)
    (file,) = report["files"]
    warned = [each["sheet"] for each in file["warnings"] if each["code"] == "sheet_left_out"]
    assert warned == ["Sections"]


def test_a_sheet_that_is_a_file_and_would_be_looked_up_in_is_said_as_well(run, db):
    """Classes are courses here, and the enrollments would be looked up in them."""
    head = ("sourcedId", "status", "dateLastModified")
    classes = [
        (*head, "title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
        ("BIO101-2026J", "", "", "Biology", "c1", "scheduled", "o", "t1"),
    ]
    enrollments = [
        (*head, "classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
        ("e1", "", "", "BIO101-2026J", "o", "s1001", "student"),
    ]
    _code, report = run("auto", book({"Classes": classes, "Roster": enrollments}))
    by_kind = {each["kind"]: each for each in report["files"]}
    assert by_kind["courses"]["created"] == 1
    warned = {each["value"]: each["message"] for each in by_kind["enrollments"]["warnings"]}
    assert warned["Classes"].endswith(ADVICE)


def test_a_workbook_of_lookup_files_alone_stops_nothing(run, people):
    code, report = run("auto", book({"Sections": SECTIONS, "Terms": TERMS}))
    (left,) = report["left_out"]
    assert (code, left["is_known"], left["message"]) == (
        *(1, True),
        "Sheet “Sections”: Recognised as: Canvas SIS sections. No row of it is stored. Sheet "
        "“Terms”: Recognised as: Canvas SIS terms. No row of it is stored.",
    )


def test_nobody_stays_in_a_roster_for_a_sheet_that_only_is_looked_up_in(import_file, people):
    import_file("enrollments", as_text(as_rows(people)))
    content = book({"Roster": as_rows(people[:11]), "Terms": TERMS})
    batch = import_file("enrollments", content, mode="sync", max_withdrawn=100)
    assert (batch.withdrawn, list(left_out(batch))) == (1, ["Terms"])


def as_rows(students: list[str]) -> list[tuple[str, ...]]:
    header = ("student_id", "course_code", "presentation")
    return [header, *((who, "BIO101", "2026J") for who in students)]


@pytest.mark.parametrize("title", [[], [("Sections of autumn",), ("As of", "1 October")]])
@pytest.mark.parametrize("is_workbook", [False, True])
def test_sheets_of_a_kind_are_looked_up_in_a_file_beside(
    registrar: Any, people: Any, title: list[Any], is_workbook: bool
):
    sections = [*title, *SECTIONS]
    sheets = {"A": enrolled("s1001"), "B": enrolled("s1002", "nobody")}
    uploads = [
        (io.BytesIO(book(sheets)), "roster.xlsx"),
        (io.BytesIO(book({"S": sections}) if is_workbook else as_text(sections)), "sections"),
    ]
    uploads[1] = (uploads[1][0], "sections.xlsx" if is_workbook else "sections.csv")
    (batch,) = files_of(deliver(uploads, registrar, on_error="skip"))
    batch = preview(batch)
    assert (batch.state, batch.created, batch.rejected) == ("previewed", 2, 1)
    issue = batch.issues.get(is_warning=False)
    assert (issue.sheet, issue.line) == ("B", 3)
    lines = "".join(rejected_rows(batch)).splitlines()
    assert lines[1].startswith("A1,nobody,student,active,3,")
    correct(batch, [Edit(3, 1, "nobody", "s1003", "B")], registrar)
    assert (preview(batch).created, Enrollment.objects.count()) == (3, 0)
