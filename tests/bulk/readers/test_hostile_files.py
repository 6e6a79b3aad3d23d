"""What is strange but honest in a file is read; limits hold wherever they are met.

Files made to hang or fill the machine are in `bad_files/`.
"""

import csv
import io

import pytest
from openpyxl import Workbook

from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.import_run import Import
from tests.bulk.bad_files.packing import HEADER, sheet_with, workbook


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


def test_the_limit_of_a_row_is_no_limit_of_other_files(upload, courses, settings):
    """The csv module has one for the whole process."""
    settings.IMPORT_MAX_ROW_BYTES = 100
    upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J\n")
    assert list(csv.reader(["x" * 1_000_000])) == [["x" * 1_000_000]]


def test_a_column_with_an_endless_name_is_told_all_the_same(upload, courses):
    name = "c" * 450
    text = f"student_id,course_code,presentation,{name}\ns1001,BIO101,2026J,foo, bar\n"
    batch = upload("enrollments", text, ignore_unknown_columns=True)
    assert (batch.state, batch.issues.get().column) == ("refused", name[:300])


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
