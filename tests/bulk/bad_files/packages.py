"""Archives, documents, and workbooks that are none."""

import gzip
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from tests.bulk.bad_files.case import BadFile, Content, ExpectedError, cases
from tests.bulk.bad_files.packing import (
    BOOK,
    ENTITY,
    FORMULA,
    HEADER,
    HEADING,
    OLE,
    ROW,
    SHEET,
    STYLES,
    encrypted,
    sheet,
    sheet_with,
    with_doctype,
    workbook,
    zipped,
)

FILES: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "an old Excel file": (
        "users",
        OLE + b"\0" * 600,
        (
            "encrypted_or_old",
            "This is an encrypted or an old Excel file (.xls). Save it as .xlsx without a "
            "password, or as CSV.",
        ),
    ),
    "an encrypted workbook": (
        "users",
        OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "encrypted_or_old",
    ),
    "a PDF": (
        "users",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        (
            "not_a_table",
            "This is an archive or a document, not a table. Upload a CSV or XLSX file.",
        ),
    ),
    "a gzipped table": ("users", lambda: gzip.compress(b"student_id\ns1001\n"), "not_a_table"),
    "a bzip2 archive": ("users", b"BZh91AY&SY", "not_a_table"),
    "an xz archive": ("users", b"\xfd7zXZ\0\0\x04", "not_a_table"),
    "a 7z archive": ("users", b"7z\xbc\xaf\x27\x1c\0\x04", "not_a_table"),
    "a RAR archive": ("users", b"Rar!\x1a\x07\x01\0", "not_a_table"),
    "an empty archive": ("users", lambda: zipped(), "not_a_table"),
    "an archive of OneRoster": (
        "users",
        lambda: zipped("manifest.csv", "users.csv", "orgs.csv"),
        "no_member",
    ),
    "a text document": (
        "users",
        lambda: zipped("word/document.xml", "[Content_Types].xml"),
        "not_a_table",
    ),
    "an OpenDocument table": (
        "users",
        lambda: zipped("mimetype", "content.xml", content=b"<a/>"),
        "not_a_table",
    ),
    "an archive of ways out of its folder": (
        "users",
        lambda: zipped("../../etc/passwd", "/etc/cron.d/x", "C:\\x.csv"),
        "unsafe_name",
    ),
    "four bytes of an archive": ("users", b"PK\x03\x04", "unreadable_workbook"),
    "a binary workbook": (
        "users",
        lambda: zipped("xl/workbook.bin", "xl/worksheets/sheet1.bin"),
        "not_a_table",
    ),
}
WORKBOOKS: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "cut in half": (
        "enrollments",
        lambda: workbook()[: len(workbook()) // 2],
        "unreadable_workbook",
    ),
    "with its end overwritten": (
        "enrollments",
        lambda: workbook()[:-200] + b"\0" * 200,
        "unreadable_workbook",
    ),
    "with a password of zip": (
        "enrollments",
        lambda: encrypted(workbook()),
        "unreadable_workbook",
    ),
    "with macros": (
        "enrollments",
        lambda: workbook({"xl/vbaProject.bin": b"x"}),
        ("macros", "The workbook holds macros. Save it as .xlsx without macros, or as CSV."),
    ),
    "with macros in capitals": (
        "enrollments",
        lambda: workbook({"XL/VBAPROJECT.BIN": b"x"}),
        "macros",
    ),
    "with an archive in it": (
        "enrollments",
        lambda: workbook({"xl/media/more.zip": zipped("a")}),
        (
            "nested_archive",
            "The workbook holds another archive. Save the table as CSV.",
        ),
    ),
    "with a workbook in it": (
        "enrollments",
        lambda: workbook({"xl/embeddings/Book1.xlsx": workbook()}),
        "nested_archive",
    ),
    "without its sheet": (
        "enrollments",
        lambda: workbook({SHEET: None}),
        ("unreadable_workbook", "The workbook has no sheet. Save the table as CSV."),
    ),
    "without sheets": (
        "enrollments",
        lambda: workbook({BOOK: lambda old: re.sub(rb"<sheets>.*</sheets>", b"<sheets/>", old)}),
        "unreadable_workbook",
    ),
    "with a book of broken XML": (
        "enrollments",
        lambda: workbook({BOOK: lambda old: old[: len(old) // 2]}),
        "unreadable_workbook",
    ),
    "with a sheet of broken XML": (
        "enrollments",
        lambda: workbook({SHEET: lambda old: old[: len(old) // 2]}),
        "unreadable_workbook",
    ),
    "with an empty sheet part": (
        "enrollments",
        lambda: workbook({SHEET: b""}),
        "unreadable_workbook",
    ),
    "with a sheet that is no XML": (
        "enrollments",
        lambda: workbook({SHEET: b"\0\1\2"}),
        "unreadable_workbook",
    ),
    "with styles of broken XML": (
        "enrollments",
        lambda: workbook({STYLES: b"<styleSheet"}),
        "unreadable_workbook",
    ),
    "with a text that is not there": (
        "enrollments",
        lambda: sheet(b'<row r="1"><c r="A1" t="s"><v>999999</v></c></row>'),
        "unreadable_workbook",
    ),
    "with a text of a number below zero": (
        "enrollments",
        lambda: sheet(b'<row r="1"><c r="A1" t="s"><v>x</v></c></row>'),
        "unreadable_workbook",
    ),
    "with a cell of no place": (
        "enrollments",
        lambda: sheet(b'<row r="1"><c r="!!" t="n"><v>1</v></c></row>'),
        "unreadable_workbook",
    ),
    "with a row of no number": (
        "enrollments",
        lambda: sheet(b'<row r="x"><c r="A1"><v>1</v></c></row>'),
        "unreadable_workbook",
    ),
    "with a foreign entity": (
        "enrollments",
        lambda: with_doctype(ENTITY, b"&e;"),
        "unreadable_workbook",
    ),
    "with nothing in its sheet": ("enrollments", lambda: workbook(rows=()), "empty_file"),
    "with a header only": ("enrollments", lambda: workbook(rows=(HEADER,)), "no_rows"),
    "with a header in the second column": (
        "enrollments",
        lambda: workbook(rows=((None, *HEADER), (None, *ROW))),
        "unknown_column",
    ),
    "with a formula nobody has computed": (
        "enrollments",
        lambda: sheet_with(FORMULA),
        (
            "formula_without_value",
            "The formula in A3 has no stored value. Open the workbook in a spreadsheet and save "
            "it again, or save it as CSV.",
        ),
    ),
    "with an error for a value": (
        "enrollments",
        lambda: sheet_with(b'<row r="3"><c r="A3" t="e"><f>A1</f><v>#REF!</v></c></row>'),
        "invalid_identifier",
    ),
    "with a date for a student": (
        "enrollments",
        lambda: workbook(rows=(HEADER, (datetime(2026, 1, 1), *ROW[1:]))),
        "invalid_identifier",
    ),
    "with a truth for a student": (
        "enrollments",
        lambda: workbook(rows=(HEADER, (True, *ROW[1:]))),
        "invalid_identifier",
    ),
    "with a fraction for a student": (
        "enrollments",
        lambda: workbook(rows=(HEADER, (174782.25, *ROW[1:]))),
        "invalid_identifier",
    ),
    "with a number rounded by Excel": (
        "enrollments",
        lambda: workbook(rows=(HEADER, (1.5e21, *ROW[1:]))),
        "identifier_scientific",
    ),
    "with merged cells": (
        "enrollments",
        lambda: workbook(rows=(HEADER, ROW, (None, "ART200", "2026B"))),
        "required",
    ),
    "with a cell too many": (
        "enrollments",
        lambda: workbook(rows=(HEADER, (*ROW, "x"))),
        "too_many_cells",
    ),
    "with two columns of one name": (
        "enrollments",
        lambda: workbook(rows=((*HEADER, "presentation"), (*ROW, "x"))),
        "duplicate_column",
    ),
    "with a forbidden column": (
        "users",
        lambda: workbook(rows=(("student_id", "is_staff"), ("s1001", 1))),
        "forbidden_column",
    ),
    "with a day that is a serial number": (
        "enrollments",
        lambda: workbook(rows=((*HEADER, "enrolled_on"), (*ROW, 46056))),
        "invalid_date",
    ),
    "with a time for a day": (
        "enrollments",
        lambda: sheet(HEADING + b'<row r="2"><c r="A2" t="d"><v>not a day</v></c></row>'),
        "unreadable_workbook",
    ),
}


def bad_packages() -> Iterator[BadFile]:
    """Every archive, document and workbook."""
    yield from cases("document", FILES, file_name="autumn.bin")
    yield from cases("workbook", WORKBOOKS, file_name="autumn.xlsx")
