"""Workbooks that nobody should open: small, and without end once they are unpacked or read."""

from collections.abc import Iterator, Mapping

from tests.bulk.bad_files.case import BadFile, Content, ExpectedError, cases
from tests.bulk.bad_files.packing import (
    BOOK,
    FAR,
    HEADING,
    LAUGHS,
    SHEET,
    STYLES,
    TEXTS,
    TYPES,
    claiming,
    in_utf16,
    long_cell,
    lying,
    sharing,
    sheet,
    sheet_with,
    texts,
    with_doctype,
    with_format,
    with_many,
    with_sheets,
    with_texts,
    workbook,
    zipped,
)

BOMBS: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "a sheet of zeros": (
        "enrollments",
        lambda: workbook({SHEET: b"0" * 40_000_000}),
        (
            "unpacks_too_large",
            "The workbook would unpack to 40 MB, 0 MB of them beside the table. Save the table as "
            "CSV.",
        ),
    ),
    "texts that fill the memory": (
        "enrollments",
        lambda: workbook({TEXTS: texts(1_500_000)}),
        "unpacks_too_large",
    ),
    "a picture that unpacks to 50 MB": (
        "enrollments",
        lambda: workbook({"xl/media/a.png": b"\0" * 50_000_000}),
        "unpacks_too_large",
    ),
    "parts that claim to be small": (
        "enrollments",
        lambda: lying(workbook({SHEET: b"0" * 40_000_000})),
        "unreadable_workbook",
    ),
    "an archive of zeros that is no workbook": (
        "enrollments",
        lambda: zipped("zeros", content=b"\0" * 50_000_000),
        "unpacks_too_large",
    ),
    "12,000 parts": (
        "enrollments",
        lambda: zipped(BOOK, *(f"xl/{number}.xml" for number in range(12_000))),
        (
            "unpacks_too_large",
            "The workbook consists of too many parts. Save the table as CSV.",
        ),
    ),
    "formats of many megabytes": (
        "enrollments",
        lambda: with_many(STYLES, b"</cellXfs>", b'<xf numFmtId="%d" fontId="0"/>', 100_000),
        "unpacks_too_large",
    ),
    "kinds of parts of many megabytes": (
        "enrollments",
        lambda: with_many(TYPES, b"</Types>", b'<Default Extension="%x" ContentType="a"/>', 80_000),
        "unpacks_too_large",
    ),
    "names of many megabytes": (
        "enrollments",
        lambda: with_many(BOOK, b"</workbook>", b'<x name="n%x">Sheet!$A$1</x>', 100_000),
        "unpacks_too_large",
    ),
    "a claim of a million columns": (
        "enrollments",
        lambda: claiming(b"A1:XFD1048576"),
        "absurd_dimension",
    ),
    "a claim of two thousand million rows": (
        "enrollments",
        lambda: claiming(b"A1:C2000000000"),
        "absurd_dimension",
    ),
    "a cell in the last column": (
        "enrollments",
        lambda: sheet_with(b'<row r="3"><c r="XFD3" t="n"><v>1</v></c></row>'),
        "absurd_dimension",
    ),
    "a row at the end of the world": (
        "enrollments",
        lambda: sheet_with(FAR),
        (
            "absurd_dimension",
            "The sheet has a cell in row 1048577 or below; no more than 1048576 rows can be read. "
            "Delete what lies outside the table.",
        ),
    ),
    "a row beyond Excel's last": (
        "enrollments",
        lambda: sheet_with(FAR.replace(b"2000000000", b"1048577")),
        "absurd_dimension",
    ),
    "a far row in single quotation marks": (
        "enrollments",
        lambda: sheet_with(FAR.replace(b'"', b"'")),
        (
            "absurd_dimension",
            "The sheet has a cell in row 1048577 or below; no more than 1048576 rows can be read. "
            "Delete what lies outside the table.",
        ),
    ),
    "a far row with spaces": (
        "enrollments",
        lambda: sheet_with(FAR.replace(b'<row r="', b'<row r = "')),
        "absurd_dimension",
    ),
    "a far row of 2e9": (
        "enrollments",
        lambda: sheet_with(FAR.replace(b'<row r="2000000000"', b'<row r="2e9"')),
        "absurd_dimension",
    ),
    "a far row in UTF-16": (
        "enrollments",
        lambda: workbook({SHEET: in_utf16(HEADING + FAR)}),
        "absurd_dimension",
    ),
    "a cell of a megabyte": ("enrollments", lambda: sheet_with(long_cell()), "row_too_long"),
    "a thousand million laughs": (
        "enrollments",
        lambda: with_doctype(LAUGHS, b"&j;"),
        (
            "unreadable_workbook",
            "The workbook holds XML that no spreadsheet writes. Save the table as CSV.",
        ),
    ),
    "a thousand million laughs in the book": (
        "enrollments",
        lambda: workbook({BOOK: lambda old: LAUGHS + old}),
        "unreadable_workbook",
    ),
    "100,000 tags in each other in the book": (
        "enrollments",
        lambda: workbook({BOOK: b"<a>" * 100_000 + b"</a>" * 100_000}),
        "unreadable_workbook",
    ),
    "a document type behind 3,000 bytes of comment": (
        "enrollments",
        lambda: workbook({BOOK: lambda old: b"<!--" + b"x" * 3_000 + b"-->" + LAUGHS + old}),
        (
            "unreadable_workbook",
            "The workbook holds XML that no spreadsheet writes. Save the table as CSV.",
        ),
    ),
    "a document type in styles of UTF-16": (
        "enrollments",
        lambda: workbook(
            {STYLES: lambda old: (LAUGHS + old[old.find(b"<style") :]).decode().encode("utf-16")}
        ),
        "unreadable_workbook",
    ),
    "11 kB that hold 1,000 MB of text": (
        "enrollments",
        lambda: sharing(500_000, 2_000),
        (
            "unpacks_too_large",
            "The cells of the sheet hold more than 50 MB of text. Split the table, or save it as "
            "CSV.",
        ),
    ),
    "a number format that takes minutes to understand": (
        "enrollments",
        lambda: with_format(b"[" * 400_000),
        (
            "unreadable_workbook",
            "The workbook holds a number format of more than 255 characters. Save the table as "
            "CSV.",
        ),
    ),
    "75,000 styles": (
        "enrollments",
        lambda: with_many(STYLES, b"</cellXfs>", b'<xf numFmtId="%d"/>', 75_000),
        (
            "unpacks_too_large",
            "The workbook lists more than 66000 formats, sheets or parts. Save the table as CSV.",
        ),
    ),
    "201 sheets": (
        "enrollments",
        lambda: with_sheets(200),
        (
            "unpacks_too_large",
            "The workbook has 201 sheets; at most 200 can be read. Save the sheets that are to be "
            "read as a workbook of their own.",
        ),
    ),
    "100 sheets that are one part": (
        "enrollments",
        lambda: with_sheets(99, is_one_part=True),
        (
            "unreadable_workbook",
            "Two sheets of the workbook are one and the same part of the file, as no spreadsheet "
            "writes it. Open the workbook in Excel and save it again, or save the table as CSV.",
        ),
    ),
    "elements without end in each other": (
        "enrollments",
        lambda: sheet(HEADING + b"<a>" * 200_000),
        "unreadable_workbook",
    ),
    "rows in each other": (
        "enrollments",
        lambda: sheet(HEADING + b'<row r="2">' * 60_000),
        "unreadable_workbook",
    ),
    "cells in each other": (
        "enrollments",
        lambda: sheet(HEADING + b'<row r="2">' + b"<c>" * 100_000),
        "unreadable_workbook",
    ),
    "values in each other": (
        "enrollments",
        lambda: sheet(HEADING + b'<row r="2"><c>' + b"<v>" * 100_000),
        "unreadable_workbook",
    ),
    "a tag of 100,000 attributes": (
        "enrollments",
        lambda: sheet_with(
            b"<row r='3' " + b" ".join(b"a%d='1'" % n for n in range(100_000)) + b"/>"
        ),
        "row_too_long",
    ),
}

# For the drill alone: they take seconds to make.
HEAVY: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "400,000 shared texts": ("enrollments", lambda: with_texts(400_000), "unknown_column"),
    "400,000 rows without a header": (
        "enrollments",
        lambda: sheet(
            b"".join(b'<row r="%d"><c><v>%d</v></c></row>' % (n, n) for n in range(1, 400_000))
        ),
        "unknown_column",
    ),
}


def bombs() -> Iterator[BadFile]:
    """Every bomb."""
    yield from cases("bomb", BOMBS, file_name="autumn.xlsx", is_bomb=True)


def heavy_workbooks() -> Iterator[BadFile]:
    """Workbooks at the edge of what may be."""
    yield from cases("heavy", HEAVY, file_name="autumn.xlsx")
