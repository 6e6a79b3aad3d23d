"""Files made to hang or fill the machine are refused with a sentence, before they do."""

import io
import re
import secrets
import time
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook

from backoffice.bulk.models import Batch
from backoffice.bulk.work import Import

HEADER = ("student_id", "course_code", "presentation")
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def workbook(changes: dict[str, Any] | None = None) -> bytes:
    """A workbook of one row, with parts changed: new content, or a function of the old."""
    book = Workbook()
    book.active.append(HEADER)
    book.active.append(("s1001", "BIO101", "2026J"))
    stream = io.BytesIO()
    book.save(stream)
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(stream) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in {**dict.fromkeys(old.namelist()), **(changes or {})}:
            change = (changes or {}).get(name)
            content = old.read(name) if name in old.namelist() else b""
            new.writestr(name, change(content) if callable(change) else change or content)
    return changed.getvalue()


def sheet_with(row: bytes) -> bytes:
    """A workbook whose sheet has one more row, and claims no size."""

    def change(content: bytes) -> bytes:
        content = re.sub(rb"<dimension[^>]*/>", b"", content)
        return content.replace(b"</sheetData>", row + b"</sheetData>")

    return workbook({SHEET: change})


def texts(count: int) -> bytes:
    inner = b"<si><t>aaaaaaaaaa</t></si>" * count
    return (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        + inner
        + b"</sst>"
    )


FAR = b'<row r="2000000000"><c r="A2000000000" t="n"><v>200002</v></c></row>'
FORMULA = b'<row r="3"><c r="A3"><f>A1&amp;"x"</f><v></v></c><c r="B3"/></row>'
LONG = (
    b'<row r="3"><c r="A3" t="inlineStr"><is><t>'
    + secrets.token_hex(550_000).encode()
    + b"</t></is></c></row>"
)
WORKBOOKS = {
    "shared texts that fill the memory": (
        lambda: workbook({TEXTS: texts(1_500_000)}),
        "unpacks_too_large",
    ),
    "a row at the end of the world": (lambda: sheet_with(FAR), "absurd_dimension"),
    "a row number beyond Excel's": (
        lambda: sheet_with(FAR.replace(b"2000000000", b"1048577")),
        "absurd_dimension",
    ),
    "a formula nobody has computed": (lambda: sheet_with(FORMULA), "formula_without_value"),
    "a cell of a megabyte": (lambda: sheet_with(LONG), "row_too_long"),
    "a bomb": (lambda: workbook({SHEET: b"0" * 40_000_000}), "unpacks_too_large"),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_that_would_fill_the_machine_is_refused_at_once(upload, courses, name):
    make, code = WORKBOOKS[name]
    content = make()
    began = time.monotonic()
    batch = upload("enrollments", content, name="a.xlsx", create_students=True)
    assert (batch.state, batch.issues.get().code) == ("refused", code), batch.sentence
    assert batch.sentence.endswith(".")
    assert time.monotonic() - began < 3


def test_a_formula_names_its_cell(upload, courses):
    batch = upload("enrollments", sheet_with(FORMULA), name="a.xlsx", create_students=True)
    assert batch.sentence == (
        "The formula in A3 has no stored value. Open the workbook in a spreadsheet and save it "
        "again, or save it as CSV."
    )


def test_an_empty_text_that_a_formula_gave_is_a_value(upload, courses):
    row = b'<row r="3"><c r="A3" t="str"><f>""</f><v></v></c><c r="B3" t="str"><v>x</v></c></row>'
    batch = upload("enrollments", sheet_with(row), name="a.xlsx", create_students=True)
    assert batch.rows == 2


@pytest.mark.parametrize("name", ["a.csv", "a", "a.xlsm"])
def test_a_workbook_is_read_whatever_its_name(upload, courses, name):
    batch = upload("enrollments", workbook(), name=name, create_students=True)
    assert (batch.state, batch.created) == ("previewed", 1)


def test_blank_rows_above_the_header_of_a_workbook_are_passed_over(upload, courses):
    book = Workbook()
    for row in ([], [None], HEADER, ("N/A", "BIO101", "2026J")):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    batch = upload("enrollments", stream.getvalue(), name="a.xlsx", create_students=True)
    issue = batch.issues.get()
    assert (issue.line, issue.row, issue.code) == (4, 1, "invalid_identifier")


MANY = ",".join(f"c{number}" for number in range(20_000))
JOINED = "a" + "\u200c" * 320_000 + "b"
HEAPED = "a" + "\u0301\u0323" * 200_000
WIDE = ",".join(f"c{number}" for number in range(480))
TEXTS_OF = {
    "a header without end": (f"student_id,course_code,presentation,{MANY}\n", "too_many_columns"),
    "a megabyte of header": (
        "student_id," + "a," * 490_000 + "b\ns1,2\n",
        "too_many_columns",
    ),
    "invisible letters": (
        f"student_id,course_code,presentation,first_name\ns1001,BIO101,2026J,{JOINED}\n",
        "too_long",
    ),
    "accents heaped on one letter": (
        f"student_id,course_code,presentation,first_name\ns1001,BIO101,2026J,{HEAPED}\n",
        "control_character",
    ),
    "rows with one cell too many": (
        f"student_id,course_code,presentation,{WIDE}\n"
        + (f"s1001,BIO101,2026J,{WIDE},x\n" * 2_000),
        "too_many_cells",
    ),
}


@pytest.mark.parametrize("name", TEXTS_OF)
def test_a_text_that_would_take_quadratic_time_is_refused_soon(upload, courses, name):
    text, code = TEXTS_OF[name]
    began = time.monotonic()
    options = {"create_students": True, "ignore_unknown_columns": True}
    batch = upload("enrollments", text, **options)
    assert (batch.state, batch.issues.first().code) == ("refused", code)
    assert time.monotonic() - began < 8


def test_blank_rows_at_the_end_are_no_rows(upload, courses, settings):
    settings.IMPORT_MAX_ROWS = 2
    text = "student_id,course_code,presentation\ns1001,BIO101,2026J\ns1002,BIO101,2026J\n"
    batch = upload("enrollments", text + ",,\n" * 5_000, create_students=True)
    assert (batch.state, batch.rows) == ("previewed", 2)
    batch = upload("enrollments", text + ",,\ns1003,BIO101,2026J\n", create_students=True)
    assert batch.issues.get().code == "too_many_rows"


@pytest.mark.parametrize("row", ['s1001,"{0}\n{1}",BIO101', "s1001,{0}{0}xx,", "s1001,{0},{1}éé"])
def test_the_limit_of_a_row_holds_however_it_is_spread(upload, courses, settings, row):
    settings.IMPORT_MAX_ROW_BYTES = 100
    text = "student_id,course_code,presentation\n" + row.format("x" * 47, "y" * 47) + "\n"
    batch = upload("enrollments", text)
    assert batch.issues.get().code == "row_too_long", batch.sentence


def test_a_column_with_an_endless_name_is_told_all_the_same(upload, courses):
    name = "c" * 150
    text = f"student_id,course_code,presentation,{name}\ns1001,BIO101,2026J,foo, bar\n"
    batch = upload("enrollments", text, ignore_unknown_columns=True)
    assert (batch.state, batch.issues.get().column) == ("refused", name[:100])


def test_whatever_happens_while_reading_no_batch_stays_being_read(upload, courses, monkeypatch):
    def fail(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Import, "read", fail)
    with pytest.raises(MemoryError):
        upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J\n")
    batch = Batch.objects.get()
    assert (batch.state, batch.sentence) == (
        "failed",
        "Reading the file ended before it was done.",
    )
