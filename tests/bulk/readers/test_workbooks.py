"""What a workbook says is read as a spreadsheet shows it, however the workbook says it."""

import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.reader.strings import read_string_table
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH as late
from openpyxl.utils.datetime import WINDOWS_EPOCH as early
from openpyxl.utils.datetime import from_excel, from_ISO8601

from backoffice.bulk.pipeline.report import rejected_rows
from backoffice.bulk.unpacking.refusal import Bounds
from backoffice.bulk.unpacking.xlsx_book import SharedTexts
from backoffice.bulk.unpacking.xlsx_values import (
    BUILTIN_DATES,
    MAC_EPOCH,
    WINDOWS_EPOCH,
    column_number,
    date_style,
    moment_of,
    moment_of_text,
)
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
    with_many,
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


def test_50_000_defined_names_are_passed_over(upload, courses, student):
    student("s1003")
    name = b'<definedName name="n%x">Sheet!$A$1</definedName>'
    batch = upload("enrollments", with_many(BOOK, b"</workbook>", name, 50_000), name="a.xlsx")
    assert (batch.state, batch.created) == ("previewed", 1)


@given(st.floats(-1e6, 1e7, allow_nan=False), st.booleans(), st.booleans())
def test_a_number_is_the_moment_that_the_library_makes_of_it(number, is_span, starts_late):
    ours, theirs = (MAC_EPOCH, late) if starts_late else (WINDOWS_EPOCH, early)
    try:
        expected = from_excel(number, theirs, timedelta=is_span)
    except (OverflowError, ValueError):
        with pytest.raises((OverflowError, ValueError)):
            moment_of(number, ours, is_span=is_span)
        return
    assert moment_of(number, ours, is_span=is_span) == expected


@given(st.text('dmyhs[]"\\;_0#@ .:-EeRA', max_size=12))
@example("[h]:mm:ss")
@example('"days" 0')
@example("[Red]0")
def test_a_format_is_a_date_where_the_library_sees_one(code):
    expected = is_timedelta_format(code) if is_date_format(code) else None
    assert date_style(code) is expected


def test_the_formats_that_every_workbook_has_are_those_of_the_library():
    known = {at: date_style(code) for at, code in BUILTIN_FORMATS.items()}
    assert {at: each for at, each in known.items() if each is not None} == BUILTIN_DATES


@given(st.text("ABXYZabz1!é", max_size=4))
def test_a_column_has_the_number_that_the_library_gives_it(letters):
    try:
        expected = column_index_from_string(letters)
    except ValueError:
        expected = None
    try:
        number = column_number(letters)
    except ValueError:
        number = None
    assert (number or None) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-03", "2026-02-03T10:11:12Z", "2026-02-03T10:11:12.5", "10:11", "10:11:12.25Z"),
        *("PT2H", "PT1M30.5S", "2026-13-01", "x", "PT", "T", "2026-02-03T25:00", "2026-02-03X"),
    ],
)
def test_a_moment_in_words_is_what_the_library_makes_of_it(text):
    try:
        expected = from_ISO8601(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            moment_of_text(text)
        return
    assert moment_of_text(text) == expected
