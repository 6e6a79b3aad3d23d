"""What a workbook says is read as a spreadsheet shows it, however the workbook says it."""

import io
import re

import pytest
from openpyxl.reader.strings import read_string_table

from backoffice.bulk.pipeline.report import rejected_rows
from backoffice.bulk.unpacking.refusal import Bounds
from backoffice.bulk.unpacking.xlsx_sheet import SharedTexts
from tests.bulk.bad_files.packing import (
    BOOK,
    HEADER,
    HEADING,
    MAIN,
    ROW,
    SHEET,
    TEXTS,
    TYPES,
    sheet,
    workbook,
)

TABLE = b"""<si><t>student_id</t></si><si/><si><t/></si>
<si><r><rPr><b/></rPr><t>pre</t></r><r><t xml:space="preserve">sentation </t></r></si>
<si><t>\xe6\x9d\xb1</t><rPh sb="0" eb="1"><t>\xe3\x81\xb2</t></rPh></si>
<si><t>a_x005F_b &amp; c</t></si>"""
BOUNDS = Bounds(100_000_000, 2_000_000, 1_000_000)
STRICT = b'xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"'


def texts_of(part: bytes) -> list[str]:
    texts, values = SharedTexts(io.BytesIO(part), BOUNDS), []
    while True:
        try:
            values.append(texts[len(values)])
        except IndexError:
            return values


def test_shared_texts_are_what_the_library_reads():
    part = b"<sst " + MAIN + b">" + TABLE * 3_000 + b"</sst>"
    assert texts_of(part) == read_string_table(io.BytesIO(part))
    assert texts_of(part)[:6] == ["student_id", "", "", "presentation ", "東", "a_b & c"]
    assert texts_of(part.replace(MAIN, STRICT)) == texts_of(part)


def test_a_text_of_a_number_below_zero_is_none():
    part = b"<sst " + MAIN + b">" + TABLE + b"</sst>"
    with pytest.raises(IndexError):
        SharedTexts(io.BytesIO(part), BOUNDS)[-1]


def shared() -> bytes:
    """The workbook of one row, its texts shared."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    texts = "".join(f"<si><t>{text}</t></si>" for text in (*HEADER, *ROW)).encode()
    cell = '<c r="{}{}" t="s"><v>{}</v></c>'
    rows = "".join(
        f'<row r="{line}">'
        + "".join(cell.format("ABC"[at], line, at + 3 * (line - 1)) for at in range(3))
        + "</row>"
        for line in (1, 2)
    )
    return workbook(
        {
            TEXTS: b"<sst " + MAIN + b">" + texts + b"</sst>",
            TYPES: lambda old: old.replace(b"</Types>", part),
            SHEET: b"<worksheet "
            + MAIN
            + b"><sheetData>"
            + rows.encode()
            + b"</sheetData></worksheet>",
        }
    )


def second_sheet_first() -> bytes:
    """A workbook whose first sheet in the list is a part that is not there."""
    missing_sheet = (
        b'<sheets><sheet xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships" name="Gone" sheetId="9" r:id="rId77"/>'
    )
    rels = "xl/_rels/workbook.xml.rels"
    link = (
        b'<Relationship Id="rId77" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships/worksheet" Target="/xl/worksheets/gone.xml"/></Relationships>'
    )
    return workbook(
        {
            BOOK: lambda old: old.replace(b"<sheets>", missing_sheet),
            rels: lambda old: old.replace(b"</Relationships>", link),
        }
    )


@pytest.mark.parametrize("make", [workbook, shared, second_sheet_first])
def test_the_first_sheet_is_read_wherever_its_texts_lie(upload, courses, student, make):
    student("s1003")
    batch = upload("enrollments", make(), name="a.xlsx")
    assert (batch.header, batch.created) == (list(HEADER), 1)


@pytest.mark.parametrize(
    ("properties", "day"),
    [(b"<workbookPr/>", "2026-02-03"), (b'<workbookPr date1904="1"/>', "2030-02-04")],
)
def test_a_day_is_the_day_that_the_workbook_counts_from(upload, courses, properties, day):
    cells = b'<c r="D1" t="inlineStr"><is><t>enrolled_on</t></is></c></row><row r="2">%s</row>'
    row = b"".join(
        b'<c r="%c2" t="inlineStr"><is><t>%s</t></is></c>' % (65 + at, text.encode())
        for at, text in enumerate(ROW)
    )
    dated = row + b'<c r="D2" s="1"><v>46056</v></c>'
    changes = {
        SHEET: b"<worksheet "
        + MAIN
        + b"><sheetData>"
        + HEADING.replace(b"</row>", cells % dated)
        + b"</sheetData></worksheet>",
        "xl/styles.xml": lambda old: old.replace(
            b"</cellXfs>", b'<xf numFmtId="14" fontId="0" fillId="0" borderId="0"/></cellXfs>'
        ),
        BOOK: lambda old: re.sub(rb"<workbookPr[^>]*/>", properties, old),
    }
    batch = upload("enrollments", workbook(changes), name="a.xlsx")
    text = "".join(rejected_rows(batch))
    assert f"s1003,BIO101,2026J,{day}," in text


def test_a_sheet_without_a_claim_of_size_is_read(upload, courses):
    batch = upload("enrollments", sheet(HEADING + b'<row r="7"><c r="A7"><v>1</v></c></row>'))
    assert {issue.line for issue in batch.issues.all()} == {7}
