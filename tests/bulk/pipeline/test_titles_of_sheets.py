"""A title above a header is passed over and said, for each sheet, by the rule that texts have."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats.detect import AnyHeader
from backoffice.bulk.formats.known_headers import HeaderOfKind
from backoffice.bulk.formats.tables import recognised
from backoffice.bulk.formats.workbooks.sheets import tables_of
from backoffice.bulk.readers import Limits, open_table
from backoffice.bulk.readers.workbook import Workbook
from tests.bulk.pipeline.test_corrections_of_sheets import workbook_of
from tests.bulk.read.test_own_headers import save_mappings
from tests.bulk.workbooks import NOTES, book, roster

FIRST = [("Autumn roster",), ("As of", "1 October")]
SECOND = [("Group B",), (), ("Printed",), ("by the office",)]
PASSED = "line above the header is no row of the table and was passed over"
PASSED_ALL = "lines above the header are no rows of the table and were passed over"


def title_warnings(batch: Any) -> list[tuple[str, int, str]]:
    issues = batch.issues.filter(code="title_lines")
    return [(each.sheet, each.line, each.message) for each in issues]


def as_text(rows: list[tuple[str, ...]]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def test_each_sheet_says_its_own_title(import_file, people):
    content = book({"A": [*FIRST, *roster("s1001")], "B": [*SECOND, *roster("s1002", "s1003")]})
    batch = import_file("enrollments", content)
    assert (batch.created, batch.rows) == (3, 3)
    assert title_warnings(batch) == [
        ("A", 3, f"Sheet “A”, line 3: 2 {PASSED_ALL}: “Autumn roster”, “As of 1 October”."),
        ("B", 5, f"Sheet “B”, line 5: 3 {PASSED_ALL}: “Group B”, “Printed”, “by the office”."),
    ]


def test_the_title_of_the_only_sheet_that_is_read_is_said_with_its_name(import_file, people):
    batch = import_file("enrollments", book({"Notes": NOTES, "A": [FIRST[0], *roster("s1001")]}))
    assert title_warnings(batch) == [("A", 2, f"Sheet “A”, line 2: 1 {PASSED}: “Autumn roster”.")]


def test_each_kind_of_a_workbook_says_the_titles_of_its_own_sheets(run, courses):
    people = [("student_id", "last_name"), ("s1001", "Moore"), ("s1002", "Wei")]
    sheets = {
        "People": [("All of them",), *people],
        "A": [*FIRST, *roster("s1001")],
        "B": roster("s1002"),
    }
    code, report = run("auto", book(sheets))
    assert (code, report["left_out"]) == (0, [])
    warned = [
        (file["kind"], each["sheet"], each["line"], each["message"].partition(": ")[2][:7])
        for file in report["files"]
        for each in file["warnings"]
        if each["code"] == "title_lines"
    ]
    assert warned == [("users", "People", 2, "1 line "), ("enrollments", "A", 3, "2 lines")]


@pytest.mark.parametrize("names", [("A",), ("A", "B")])
def test_a_header_of_the_schools_own_is_found_below_a_title_of_any_sheet(
    import_file, people, names
):
    save_mappings("enrollments", {"Matrikel": "student_id", "Kurs": "course_code", "Notiz": "-"})
    own = ("Matrikel", "Kurs", "presentation", "Notiz")
    rows = {
        name: [*FIRST, own, (f"s100{number}", "BIO101", "2026J", "x")]
        for number, name in enumerate(names, 1)
    }
    batch = import_file("enrollments", book({"Notes": NOTES, **rows}))
    assert (batch.created, [each[:2] for each in title_warnings(batch)]) == (
        len(names),
        [(name, 3) for name in names],
    )


@pytest.mark.parametrize("is_workbook", [False, True])
def test_a_list_of_columns_above_a_header_is_its_title(import_file, db, is_workbook):
    rows = [
        *(("Column", "What for"), ("student_id", "the number on the card"), ()),
        *(("student_id", "last_name"), ("s1001", "Moore")),
    ]
    content = book({"People": rows, "Notes": NOTES}) if is_workbook else as_text(rows)
    batch = import_file("users", content)
    assert (batch.created, [each[1] for each in title_warnings(batch)]) == (1, [4])
    assert User.objects.get(student_id="s1001").last_name == "Moore"


@pytest.mark.parametrize("is_workbook", [False, True])
def test_blank_lines_within_a_title_count_as_nothing(import_file, people, is_workbook):
    rows = [FIRST[0], *[()] * 150, *roster("s1001")]
    content = book({"A": rows, "Notes": NOTES}) if is_workbook else as_text(rows)
    batch = import_file("enrollments", content)
    assert (batch.created, [each[1] for each in title_warnings(batch)]) == (1, [152])


@pytest.mark.parametrize(("count", "created"), [(20, 2), (21, 1)])
def test_twenty_lines_may_stand_above_the_header_of_each_sheet(import_file, people, count, created):
    titled = [*((f"Line {number}",) for number in range(count)), *roster("s1002")]
    batch = import_file("enrollments", book({"A": roster("s1001"), "B": titled}))
    assert batch.created == created
    left_out = batch.issues.filter(code="sheet_left_out").values_list("sheet", flat=True)
    assert list(left_out) == ([] if created == 2 else ["B"])


def test_a_row_above_the_header_of_a_sheet_refuses_the_file_and_names_the_sheet(upload, people):
    mixed = [("s1002", "BIO101", "2026J"), *roster("s1003")]
    batch = upload("enrollments", book({"A": roster("s1001"), "B": mixed}))
    assert (batch.state, batch.sentence) == (
        "refused",
        "Sheet “B”: Line 1 could be a row of the table, and the header stands below it, in line 2. "
        "Move the header to the top, or remove what stands above it.",
    )
    assert not Enrollment.objects.exists()


WORDS = st.lists(st.sampled_from(["", "é", "a b", "12", "x:"]), min_size=1, max_size=4)
IDS = st.from_regex("s[0-9]{4}", fullmatch=True)


@given(
    titles=st.lists(st.one_of(WORDS, st.just([])), max_size=28).filter(
        lambda lines: sum(any(line) for line in lines) <= 20
    ),
    rows=st.lists(st.tuples(IDS, st.sampled_from(["BIO101", "x"])), min_size=1, max_size=3),
    own=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_texts_and_sheets_have_their_header_in_the_same_line(titles, rows, own):
    """The same lines as a text, as a sheet alone, and as the second of two."""
    header = ["Matrikel" if own else "student_id", "course_code", "presentation"]
    lines = [*titles, header, *([*row, "2026J"] for row in rows)]
    mapped = {"matrikel": "student_id"}
    kind = "enrollments"
    test = HeaderOfKind(kind, lambda cells: recognised(cells, "auto", kind), own_headers=mapped)
    expected = (len(titles) + 1, header, sum(any(line) for line in titles))
    with tempfile.TemporaryDirectory() as folder:
        text, alone, second = (Path(folder) / name for name in ("a.csv", "b.xlsx", "c.xlsx"))
        text.write_text(as_text([tuple(line) for line in lines]), "utf-8", newline="")
        alone.write_bytes(workbook_of({"A": lines}))
        second.write_bytes(workbook_of({"Notes": [["Read"]], "B": lines}))
        for path, sheet in ((text, None), (alone, None), (second, 1)):
            with open_table(path, header_test=test, sheet=sheet) as reader:
                assert (reader.header_line, reader.header, len(reader.titles)) == expected
                assert len(list(reader.rows())) == len(rows)
        any_header = AnyHeader("auto")
        any_header.own_headers = {kind: mapped}
        with Workbook(second, Limits.from_settings()) as opened:
            _notes, table = tables_of(opened, any_header)
            assert (table.header, list(table.carried)) == (header, [kind])
