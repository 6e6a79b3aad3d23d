"""Whatever is wrong with a workbook's looks, its cells are read."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.bulk.readers import open_table
from backoffice.bulk.values.faults import FileRefused
from tests.bulk.bad_files.packing import (
    BOOK,
    HEADER,
    MAIN,
    ROW,
    SHEET,
    STYLES,
    Change,
    sheet,
    workbook,
)

LINKS, TYPES = "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
STRICT_MAIN = b'xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"'
OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_OFFICE = b"http://purl.oclc.org/ooxml/officeDocument/relationships"
XFS = re.compile(rb"<cellXfs.*?</cellXfs>", re.DOTALL)
INLINE = b'<c t="inlineStr"><is><t>%s</t></is></c>'
ROWS = b"".join(
    b"<row>" + b"".join(INLINE % text.encode() for text in row) + b"</row>" for row in (HEADER, ROW)
)


def strict(content: bytes) -> bytes:
    content = content.replace(MAIN, STRICT_MAIN).replace(OFFICE, STRICT_OFFICE)
    return content.replace(b"date1904", b"dateCompatibility")


def everywhere(change: Callable[[bytes], bytes]) -> dict[str, Change]:
    return dict.fromkeys((BOOK, SHEET, STYLES, LINKS, "_rels/.rels"), change)


def renamed(names: Callable[[str], str], content: bytes | None = None) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or workbook())) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for entry in old.infolist():
            info = zipfile.ZipInfo(names(entry.filename))
            info.filename = names(entry.filename)  # ZipInfo itself would turn the slashes
            new.writestr(info, old.read(entry))
    return out.getvalue()


def of_another_name() -> bytes:
    """A workbook whose book is `xl/workbook2.xml`, as an office on the web once wrote it."""
    changed = workbook(
        {
            "_rels/.rels": lambda old: old.replace(b"xl/workbook.xml", b"xl/workbook2.xml"),
            TYPES: lambda old: old.replace(b"/xl/workbook.xml", b"/xl/workbook2.xml"),
        }
    )
    return renamed(lambda name: name.replace("workbook.xml", "workbook2.xml"), changed)


def shared_by_link() -> bytes:
    """A workbook whose shared texts are found by their link alone, under another name."""
    texts = b"".join(b"<si><t>%s</t></si>" % text.encode() for text in (*HEADER, *ROW))
    rows = b"".join(
        b"<row>" + b"".join(b'<c t="s"><v>%d</v></c>' % (at + line) for at in range(3)) + b"</row>"
        for line in (0, 3)
    )
    link = b'<Relationship Id="x9" Type="' + OFFICE + b'/sharedStrings" Target="texts.xml"/>'
    return workbook(
        {
            "xl/texts.xml": b"<sst " + MAIN + b">" + texts + b"</sst>",
            LINKS: lambda old: old.replace(b"</Relationships>", link + b"</Relationships>"),
            SHEET: b"<worksheet " + MAIN + b"><sheetData>" + rows + b"</sheetData></worksheet>",
        }
    )


def prefixed(content: bytes) -> bytes:
    return re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", content).replace(
        MAIN, MAIN.replace(b"s=", b"s:x=")
    )


ODD: Mapping[str, Callable[[], bytes]] = {
    "strict": lambda: workbook(everywhere(strict)),
    "strict in its sheet alone": lambda: workbook({SHEET: strict}),
    "without a namespace": lambda: workbook({SHEET: lambda old: old.replace(MAIN, b"")}),
    "with a namespace of its own": lambda: workbook(
        {SHEET: lambda old: old.replace(MAIN, b'xmlns="urn:example:sheets"')}
    ),
    "with prefixes": lambda: workbook({SHEET: prefixed}),
    "without styles": lambda: workbook({STYLES: None}),
    "with empty styles": lambda: workbook({STYLES: b"<styleSheet " + MAIN + b"/>"}),
    "without formats of cells": lambda: workbook({STYLES: lambda old: XFS.sub(b"", old)}),
    "with styles that are not listed": lambda: workbook(
        {SHEET: lambda old: old.replace(b"<c r=", b'<c s="999" r=')}
    ),
    "with styles that are no number": lambda: workbook(
        {SHEET: lambda old: old.replace(b"<c r=", b'<c s="x" r=')}
    ),
    "with formats that are none": lambda: workbook(
        {STYLES: lambda old: XFS.sub(b'<cellXfs><xf numFmtId="x"/><xf/></cellXfs>', old)}
    ),
    "without a size": lambda: workbook(
        {SHEET: lambda old: re.sub(rb"<dimension[^>]*/>", b"", old)}
    ),
    "with a wrong size": lambda: workbook(
        {SHEET: lambda old: re.sub(rb"<dimension[^>]*/>", b'<dimension ref="A1"/>', old)}
    ),
    "with a size that is none": lambda: workbook(
        {SHEET: lambda old: re.sub(rb"<dimension[^>]*/>", b'<dimension ref="??"/>', old)}
    ),
    "without places of cells": lambda: sheet(ROWS),
    "without a theme": lambda: workbook({"xl/theme/theme1.xml": None}),
    "without properties": lambda: workbook({"docProps/app.xml": None, "docProps/core.xml": None}),
    "with texts formatted in parts": lambda: sheet(
        ROWS.replace(b"<t>s1003</t>", b"<r><rPr><b/></rPr><t>s10</t></r><r><t>03</t></r>")
    ),
    "with back slashes in names": lambda: renamed(lambda name: name.replace("/", "\\")),
    "with capitals in names": lambda: renamed(
        lambda name: (
            name if name == TYPES else name.replace("sheet", "Sheet").replace("xl/w", "XL/W")
        )
    ),
    "with absolute links": lambda: workbook(
        {LINKS: lambda old: re.sub(rb'Target="(?!/)', b'Target="/xl/', old)}
    ),
    "with relative links": lambda: workbook({LINKS: lambda old: old.replace(b'"/xl/', b'"')}),
    "with a book of another name": of_another_name,
    "with texts found by their link": shared_by_link,
    "with column and row styles": lambda: workbook(
        {
            SHEET: lambda old: old.replace(
                b"<sheetData>", b'<cols><col min="1" max="16384" style="1"/></cols><sheetData>'
            )
        }
    ),
    "with a filter, conditions and notes": lambda: workbook(
        {
            SHEET: lambda old: old.replace(
                b"</sheetData>",
                b'</sheetData><autoFilter ref="A1:C2"/><conditionalFormatting sqref="A1">'
                b'<cfRule type="expression" priority="1"><formula>1</formula></cfRule>'
                b"</conditionalFormatting>",
            )
        }
    ),
}


def read(content: bytes, folder: Path) -> list[list[str]]:
    path = folder / "odd.xlsx"
    path.write_bytes(content)
    with open_table(path) as table:
        return [table.header, *(row.cells for row in table.rows())]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_workbook_is_read(tmp_path, name):
    assert read(ODD[name](), tmp_path) == [list(HEADER), list(ROW)]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (b'<row r="2"><c><v>1</v></c></row><row r="2"><c><v>2</v></c></row>', 2),
        (b'<row r="5"><c><v>1</v></c></row><row r="3"><c><v>2</v></c></row>', 3),
    ],
)
def test_rows_that_nobody_could_order_are_no_rows_in_silence(tmp_path, rows, line):
    with pytest.raises(FileRefused) as refused:
        read(sheet(b'<row r="1"><c t="str"><v>a</v></c></row>' + rows), tmp_path)
    assert refused.value.message.startswith(f"The sheet has row {line} again")


def test_empty_rows_of_one_number_do_no_harm(tmp_path):
    rows = b'<row r="1"><c t="str"><v>a</v></c></row><row r="2"><c><v>1</v></c></row><row r="2"/>'
    assert read(sheet(rows), tmp_path) == [["a"], ["1"]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"<c><v>57,3</v></c>", "57,3"),
        (b"<c><v>x1</v></c>", "x1"),
        (b"<c><v>NaN</v></c>", "#NUM!"),
        (b"<c><v> 7 </v></c>", "7"),
        (b'<c t="e"><v>#REF!</v></c>', "#REF!"),
        (b'<c t="e"><v>Err:508</v></c>', "#UNKNOWN!"),
        (b'<c t="e"><v/></c>', "#UNKNOWN!"),
        (b'<c t="b"><v>true</v></c>', "TRUE"),
        (b'<c t="b"><v>0</v></c>', "FALSE"),
        (b'<c t="d"><v>2026-02-03</v></c>', "2026-02-03"),
        (b'<c t="odd"><v>as it is</v></c>', "as it is"),
    ],
)
def test_a_cell_that_no_spreadsheet_writes_is_still_a_cell(tmp_path, cell, text):
    rows = b'<row r="1"><c t="str"><v>a</v></c></row><row r="2">' + cell + b"</row>"
    assert read(sheet(rows), tmp_path) == [["a"], [text]]


TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)
CELLS = st.one_of(TEXTS, st.integers(-(10**9), 10**9), st.booleans(), st.none())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=8), st.booleans())
def test_what_another_library_writes_is_what_we_read(tmp_path, rows, in_memory):
    stream, width = io.BytesIO(), max(map(len, rows))
    with xlsxwriter.Workbook(stream, {"constant_memory": not in_memory}) as made:
        page = made.add_worksheet("Table")
        page.write_row(0, 0, [f"c{at}" for at in range(width)])
        for line, row in enumerate(rows, 1):
            for at, value in enumerate(row):
                if isinstance(value, bool):
                    page.write_boolean(line, at, value)
                elif isinstance(value, int):
                    page.write_number(line, at, value)
                elif value:
                    page.write_string(line, at, value)
    expected = [
        ["" if v is None else str(v).upper() if isinstance(v, bool) else str(v) for v in row]
        for row in rows
    ]
    padded = [row + [""] * (width - len(row)) for row in expected]
    while padded and not any(map(str.strip, padded[-1])):
        padded.pop()
    found = read(stream.getvalue(), tmp_path)[1:]
    assert [row for row in found if any(row)] == [
        [cell.replace("_x005F_", "_") for cell in row] for row in padded if any(row)
    ]
