"""Every visible sheet with a header we know is read; no other is dropped in silence."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch, HeaderMapping
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.pipeline.report import closing_message, rejected_rows
from tests.bulk.workbooks import NOTES, ROSTER, book, roster


def sheet_warnings(batch: Batch) -> list[tuple[str, str, int]]:
    """The warnings about sheets: code, sheet, line."""
    codes = ("sheet_left_out", "hidden_rows")
    return [(each.code, each.sheet, each.line) for each in batch.issues.filter(code__in=codes)]


def test_the_sheet_with_the_table_is_read_wherever_it_stands(import_file, people):
    content = book({"Read me": NOTES, "Roster": roster("s1001", "s1002"), "More notes": NOTES})
    batch = import_file("enrollments", content)
    assert (batch.created, batch.rows) == (2, 2)
    assert sheet_warnings(batch) == [
        ("sheet_left_out", "Read me", 0),
        ("sheet_left_out", "More notes", 0),
    ]
    assert batch.issues.first().message == (
        "Sheet “Read me”: The sheet is left out. Its header is that of no kind of file known here."
    )


def test_sheets_of_a_kind_are_one_file_in_their_order(import_file, people):
    content = book({"A": roster("s1001", "s1002"), "B": roster("s1003"), "C": roster("s1004")})
    batch = import_file("enrollments", content)
    assert (batch.created, batch.rows) == (4, 4)
    assert sheet_warnings(batch) == []
    assert closing_message(batch, dry_run=False).startswith(
        "enrollments.csv (sheets “A”, “B”, “C”) was applied as import"
    )
    assert Enrollment.objects.count() == 4


def test_each_issue_names_its_sheet(upload, people):
    content = book(
        {
            "Group A": roster("s1001", "N/A"),
            "Group B": roster("nobody", "s1003"),
            "Group C": roster("s1001", "s1004"),
        }
    )
    batch = upload("enrollments", content, on_error="skip")
    assert [
        (each.sheet, each.line, each.row, each.code, each.sentence) for each in batch.issues.all()
    ] == [
        (
            "Group A",
            3,
            2,
            "invalid_identifier",
            "Sheet “Group A”, line 3: student_id “N/A”: “N/A” is not a student ID of this school.",
        ),
        (
            "Group B",
            2,
            3,
            "invalid_identifier",
            "Sheet “Group B”, line 2: student_id “nobody”: “nobody” is not a student ID of this "
            "school.",
        ),
        (
            "Group C",
            2,
            5,
            "duplicate",
            "Sheet “Group C”, line 2: the same row stands on line 2 of sheet “Group A” already. It "
            "is ignored.",
        ),
    ]
    lines = "".join(rejected_rows(batch)).splitlines()
    assert lines[0] == "\ufeffstudent_id,course_code,presentation,line,errors"
    assert [line.split(",")[:4] for line in lines[1:]] == [
        ["N/A", "BIO101", "2026J", "3"],
        ["nobody", "BIO101", "2026J", "2"],
    ]
    assert "Sheet “Group B”, line 2" in lines[2]


def test_the_report_has_the_sheet_only_where_there_are_several(run, people):
    code, report = run("enrollments", book({"A": roster("N/A"), "B": roster("s1001")}))
    assert (code, report["errors"][0]["sheet"]) == (1, "A")
    code, report = run("enrollments", book({"A": roster("N/A")}))
    assert (code, set(report["errors"][0])) == (
        1,
        {"line", "row", "column", "value", "code", "message"},
    )
    code, report = run("enrollments", book({"A": roster("s1001"), "Notes": NOTES}))
    assert code == 0
    assert [(each["sheet"], each["code"]) for each in report["warnings"]] == [
        ("Notes", "sheet_left_out")
    ]


def test_a_group_on_each_sheet_withdraws_none_of_the_others(import_file, people):
    import_file("enrollments", book({"All": roster(*people)}))
    content = book({"A": roster(*people[:6]), "B": roster(*people[6:11])})
    batch = import_file("enrollments", content, mode="sync", max_withdrawn=100)
    assert (batch.withdrawn, batch.unchanged) == (1, 11)
    left = Enrollment.objects.get(status="withdrawn")
    assert left.student.student_id == people[11]


@pytest.mark.parametrize(
    ("other", "withdrawn"),
    [
        (NOTES, 1),
        ([], 1),
        ([ROSTER], 1),
        ([("assessment_id", "course_code", "presentation"), ("T1", "BIO101", "2026J")], 1),
        ([("Matrikel", "Kurs"), ("s1012", "BIO101")], 0),
    ],
)
def test_nobody_leaves_while_a_table_on_a_sheet_is_unknown(import_file, people, other, withdrawn):
    import_file("enrollments", book({"All": roster(*people)}))
    content = book({"A": roster(*people[:11]), "Other": other})
    batch = import_file("enrollments", content, mode="sync", max_withdrawn=100)
    assert batch.withdrawn == withdrawn
    left = batch.issues.filter(code="nobody_left")
    assert [("“Other” came with the file" in each.message) for each in left] == [True] * (
        1 - withdrawn
    )


def test_nobody_leaves_while_a_sheet_lacks_a_column_of_the_roster(import_file, people):
    """Its key makes it a table of people, but no such table has a column of courses."""
    import_file("enrollments", book({"All": roster(*people[:4])}))
    half = [ROSTER[:2], *((who, "BIO101") for who in people[2:4])]
    sheets = {"Group 1": roster(*people[:2]), "Group 2": half}
    batch = import_file("enrollments", book(sheets), mode="sync")
    assert (batch.withdrawn, Enrollment.objects.filter(status="active").count()) == (0, 4)
    assert batch.issues.filter(code="nobody_left").count() == 1


def test_nobody_leaves_while_a_sheet_with_a_roster_is_hidden(import_file, people):
    import_file("enrollments", book({"All": roster(*people)}))
    content = book({"A": roster(*people[:6]), "B": roster(*people[6:])}, hidden=["B"])
    assert import_file("enrollments", content, mode="sync", max_withdrawn=100).withdrawn == 0


def test_sheets_in_another_order_of_columns_are_put_together(import_file, people):
    other = [("Presentation", "Course code", "Student ID"), ("2026J", "BIO101", "s1002")]
    batch = import_file("enrollments", book({"A": roster("s1001"), "B": other}))
    assert batch.created == 2


def test_a_column_that_one_sheet_lacks_is_told_where_a_blank_would_empty_it(upload, courses):
    header = ("course_code", "presentation", "ends_on")
    sheets = {
        "A": [header, ("BIO101", "2026J", "2026-06-30")],
        "B": [header[:2], ("ART200", "2026B")],
    }
    batch = upload("courses", book(sheets))
    assert (batch.state, batch.issues.get().sheet, batch.issues.get().code) == (
        "refused",
        "B",
        "missing_column",
    )
    assert batch.sentence == (
        "Sheet “B”: It has no column “ends_on”, which sheet “A” has, and a blank cell would empty "
        "what is stored. Give both the same columns, or import each by itself."
    )


def test_a_column_that_one_sheet_lacks_may_be_missing_where_a_blank_changes_nothing(
    import_file, people
):
    with_status = [(*ROSTER, "status"), ("s1001", "BIO101", "2026J", "completed")]
    batch = import_file("enrollments", book({"A": with_status, "B": roster("s1002")}))
    assert batch.created == 2
    found = Enrollment.objects.values_list("student__student_id", "status")
    assert dict(found) == {"s1001": "completed", "s1002": "active"}


def test_hidden_rows_go_in_and_are_counted(import_file, people):
    content = book(
        {"A": roster(*people[:4]), "B": roster(*people[4:6])},
        hidden_rows={"A": [3, 5], "B": [1, 2]},
    )
    batch = import_file("enrollments", content)
    assert batch.created == 6
    assert sheet_warnings(batch) == [("hidden_rows", "A", 3), ("hidden_rows", "B", 2)]
    assert batch.issues.first().message == (
        "Sheet “A”, line 3: 2 rows are hidden or filtered out in the workbook, the first of them "
        "in this line. They go in like the others."
    )


def test_hidden_rows_of_the_only_sheet_are_said_without_its_name(import_file, people):
    batch = import_file("enrollments", book({"A": roster(*people[:3])}, hidden_rows={"A": [3]}))
    issue = batch.issues.get()
    assert (batch.created, issue.code, issue.sheet) == (3, "hidden_rows", "")
    assert issue.message == (
        "Line 3: 1 row is hidden or filtered out in the workbook. It goes in like the others."
    )


LEFT_OUT = {
    "Hidden": "It is hidden. Show it in the workbook if it is to be read.",
    "Empty": "It is empty.",
    "Header": "It has a header and no rows.",
    "Notes": "Its header is that of no kind of file known here.",
    "Tests": (
        "It is a table of assessments. Import the file under that kind, too, or let the files say "
        "what they are."
    ),
    "Chart": "It is a chart.",
    "Wide": "A row has 600 cells. Delete what lies outside the table.",
}


def test_every_sheet_that_is_left_out_is_listed_with_its_reason(import_file, people):
    tests = [("assessment_id", "course_code", "presentation"), ("T1", "BIO101", "2026J")]
    sheets = {
        "Hidden": roster("s1009"),
        "Empty": [],
        "A": roster("s1001"),
        "Header": [ROSTER],
        "Notes": NOTES,
        "Tests": tests,
        "Wide": [["x"] * 600],
    }
    batch = import_file("enrollments", book(sheets, hidden=["Hidden"], charts=["Chart"]))
    found = {each.value: each.message for each in batch.issues.all()}
    assert batch.created == 1
    assert found == {
        name: f"Sheet “{name}”: The sheet is left out. {reason}"
        for name, reason in LEFT_OUT.items()
    }
    assert all(each.is_warning for each in batch.issues.all())


def test_where_all_sheets_are_hidden_they_are_read(import_file, people):
    content = book({"A": roster("s1001"), "B": roster("s1002")}, hidden=["A"])
    shown = re.compile(b'state="visible"')
    content = changed(content, "xl/workbook.xml", lambda old: shown.sub(b'state="hidden"', old))
    assert import_file("enrollments", content).created == 2


def test_a_sheet_of_the_kind_that_is_wrong_refuses_the_file_and_is_named(upload, people):
    long = [*roster("s1002"), ["x"] * 600]
    batch = upload("enrollments", book({"A": roster("s1001"), "B": long}), on_error="skip")
    assert (batch.state, batch.sentence) == (
        "refused",
        "Sheet “B”: The sheet claims 600 columns and 3 rows. Delete what lies outside the table.",
    )
    assert not Enrollment.objects.exists()


def test_where_no_header_is_known_the_likeliest_sheet_is_told(upload, people):
    wrong = [("studnt_id", "course_code", "presentation"), ("s1001", "BIO101", "2026J")]
    batch = upload("enrollments", book({"Read me": NOTES, "Roster": wrong}))
    assert batch.state == "refused"
    assert batch.sentence.startswith("Sheet “Roster”: The kind “enrollments” has no column")
    assert "did you mean “student_id”?" in batch.sentence


def test_own_headers_are_learned_for_all_sheets_of_that_header(upload, people, registrar):
    own = ("matrikel", "course_code", "presentation")
    sheets = {
        name: [own, (who, "BIO101", "2026J")] for name, who in (("A", "s1001"), ("B", "s1002"))
    }
    batch = upload("enrollments", book(sheets))
    assert batch.state == "refused"
    HeaderMapping.objects.create(
        kind="enrollments", header="matrikel", name="matrikel", column="student_id"
    )
    assert preview(batch).created == 2


def test_titles_above_the_header_of_a_sheet_do_not_hide_it(import_file, people):
    titled = [("Autumn roster",), (), ("As of", "1 October"), *roster("s1001")]
    batch = import_file("enrollments", book({"Read me": NOTES, "Roster": titled}))
    assert (batch.created, batch.rows) == (1, 1)


def test_a_list_of_columns_is_no_header(upload, db):
    explained = [("Column", "What for"), ("student_id", "the number on the card")]
    people = [("student_id", "last_name"), ("s1001", "Moore")]
    batch = upload("users", book({"Read me": explained, "People": people}))
    assert (batch.state, batch.created) == ("previewed", 1)


def test_limits_hold_for_the_sheets_together(upload, people, settings):
    settings.IMPORT_MAX_ROWS = 5
    batch = upload("enrollments", book({"A": roster(*people[:3]), "B": roster(*people[3:6])}))
    assert batch.issues.get().code == "too_many_rows"


def test_passwords_of_any_sheet_are_not_stored(registrar, db):
    header = ("user_id", "login_id", "password", "first_name", "last_name", "status")
    users = [header, ("s1001", "zoe", "s3cret-one", "Zoë", "Moore", "active")]
    more = [header, (), ("s1002", "li", "s3cret-two", "Li", "Wei", "active")]
    for kind, sheets in (("users", {"A": users, "B": more}), ("users", {"A": users})):
        content = book(sheets, hidden_rows={"B": [3]} if "B" in sheets else {})
        batch = preview(receive(io.BytesIO(content), "canvas.xlsx", registrar, kind=kind))
        parts = everything_in(batch.path)
        assert (batch.state, batch.created) == ("previewed", len(sheets))
        assert b"s3cret" not in parts
        assert [(e.sheet, e.line) for e in batch.issues.filter(code="hidden_rows")] == [
            ("B", 3)
        ] * (len(sheets) - 1)
    content = book({"Roster": roster("s1001"), "People": users})
    batch = receive(io.BytesIO(content), "both.xlsx", registrar, kind="enrollments")
    assert b"s3cret" not in everything_in(batch.path)
    again = receive(io.BytesIO(content), "both.xlsx", registrar, kind="enrollments")
    assert batch.file_hash == again.file_hash


def changed(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


def everything_in(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"".join(map(archive.read, archive.namelist()))


def test_a_small_workbook_is_shown_with_its_sheets_on_the_page(registrar_client, upload, people):
    batch = upload("enrollments", book({"A": roster("s1001", "N/A"), "B": roster("N/B")}))
    page = registrar_client.get(f"/admin/bulk/batch/{batch.pk}/change/").content.decode()
    assert "Sheet “A”, line 3" in page
    assert "Sheet “B”, line 2" in page
