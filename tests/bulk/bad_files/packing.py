"""How workbooks and archives are made and spoilt."""

import functools
import io
import re
import secrets
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from openpyxl import Workbook

HEADER = ("student_id", "course_code", "presentation")
ROW = ("s1003", "BIO101", "2026J")
SHEET, TEXTS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
TYPES, STYLES = "[Content_Types].xml", "xl/styles.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
Change = bytes | Callable[[bytes], bytes] | None


def workbook(
    changes: Mapping[str, Change] | None = None, rows: tuple[tuple[Any, ...], ...] = (HEADER, ROW)
) -> bytes:
    """A workbook with parts changed: new content, a function of the old, or None for without."""
    changes, changed = changes or {}, io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(_saved(rows))) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in {**dict.fromkeys(old.namelist()), **changes}:
            content = old.read(name) if name in old.namelist() else b""
            change = changes.get(name, content)
            if change is not None:
                new.writestr(name, change(content) if callable(change) else change)
    return changed.getvalue()


@functools.cache
def _saved(rows: tuple[tuple[Any, ...], ...]) -> bytes:
    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def sheet_with(row: bytes) -> bytes:
    """A workbook whose sheet has one more row, and claims no size."""

    def change(content: bytes) -> bytes:
        content = re.sub(rb"<dimension[^>]*/>", b"", content)
        return content.replace(b"</sheetData>", row + b"</sheetData>")

    return workbook({SHEET: change})


def sheet(data: bytes) -> bytes:
    """A workbook with a sheet of this XML."""
    return workbook(
        {SHEET: b"<worksheet " + MAIN + b"><sheetData>" + data + b"</sheetData></worksheet>"}
    )


def claiming(size: bytes) -> bytes:
    """A workbook whose sheet claims a size."""
    claim = b'<dimension ref="' + size + b'"/>'
    return workbook({SHEET: lambda content: re.sub(rb"<dimension[^>]*/>", claim, content)})


def with_texts(count: int) -> bytes:
    """A workbook of texts that cells share, no two alike; its header is the last of them."""
    texts = b"".join(b"<si><t>%x</t></si>" % (number * 2_654_435_761) for number in range(count))
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    cell = b'<row r="1"><c r="A1" t="s"><v>%d</v></c></row>' % (count - 1)
    return workbook(
        {
            TEXTS: b"<sst " + MAIN + b">" + texts + b"</sst>",
            TYPES: lambda old: old.replace(b"</Types>", part),
            SHEET: b"<worksheet " + MAIN + b"><sheetData>" + cell + b"</sheetData></worksheet>",
        }
    )


def sharing(size: int, rows: int) -> bytes:
    """A workbook of few bytes: all of its rows refer to one long text."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    cells = b"".join(b'<row r="%d"><c t="s"><v>0</v></c></row>' % at for at in range(2, rows + 2))
    return workbook(
        {
            TEXTS: b"<sst " + MAIN + b"><si><t>" + b"a" * size + b"</t></si></sst>",
            TYPES: lambda old: old.replace(b"</Types>", part),
            SHEET: b"<worksheet "
            + MAIN
            + b"><sheetData>"
            + HEADING
            + cells
            + b"</sheetData></worksheet>",
        }
    )


def with_format(code: bytes) -> bytes:
    """A workbook with a number format, which a style uses."""
    formats = b'<numFmts><numFmt numFmtId="200" formatCode="' + code + b'"/></numFmts>'
    start, end = re.compile(b"<styleSheet[^>]*>"), b"</cellXfs>"

    def change(old: bytes) -> bytes:
        old = old.replace(end, b'<xf numFmtId="200"/>' + end)
        return start.sub(lambda tag: tag[0] + formats, old, count=1)

    return workbook({STYLES: change})


def with_many(part: str, end: bytes, pattern: bytes, count: int) -> bytes:
    """A workbook with many elements before the end of another in one of its parts."""
    many = b"".join(pattern % (number * 2_654_435_761) for number in range(count))
    return workbook({part: lambda old: old.replace(end, many + end)})


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """A workbook with some of its parts replaced."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.get(name) or old.read(name))
    return changed.getvalue()


def with_sheets(count: int, *, is_one_part: bool = False) -> bytes:
    """A workbook that lists so many sheets more, each a part of its own or all the same."""
    office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet = b'<sheet xmlns:r="' + office + b'" name="s%d" sheetId="%d" r:id="x%d"/>'
    link = b'<Relationship Id="x%d" Type="' + office + b'/worksheet" Target="worksheets/%s.xml"/>'
    numbers = range(100, 100 + count)
    names = [b"sheet1" if is_one_part else b"s%d" % number for number in numbers]
    listed = b"".join(sheet % (number, number, number) for number in numbers)
    links = b"".join(link % pair for pair in zip(numbers, names, strict=True))
    parts: dict[str, Change] = {}
    if not is_one_part:
        parts = {
            f"xl/worksheets/{name.decode()}.xml": b"<worksheet " + MAIN + b"/>" for name in names
        }
    rels = "xl/_rels/workbook.xml.rels"
    return workbook(
        {
            **parts,
            BOOK: lambda old: old.replace(b"</sheets>", listed + b"</sheets>"),
            rels: lambda old: old.replace(b"</Relationships>", links + b"</Relationships>"),
        }
    )


def zipped(*names: str, content: bytes = b"x") -> bytes:
    """An archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return stream.getvalue()


def texts(count: int) -> bytes:
    """A part of shared texts, all alike."""
    return b"<sst " + MAIN + b">" + b"<si><t>aaaaaaaaaa</t></si>" * count + b"</sst>"


def lying(data: bytes) -> bytes:
    """An archive whose parts claim to be small: the sizes of the directory are not true."""
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data = data[: at + 24] + (10).to_bytes(4, "little") + data[at + 28 :]
        at += 4
    return data


def encrypted(data: bytes) -> bytes:
    """An archive whose parts claim to be encrypted."""
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := data.find(mark, start + 1)) >= 0:
            flags = data[start + at] | 1
            data = data[: start + at] + bytes([flags]) + data[start + at + 1 :]
    return data


ENTITY = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "lol">'
    + b"".join(
        f'<!ENTITY {name} "{f"&{last};" * 10}">'.encode()
        for last, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + b"]>"
)


def with_doctype(doctype: bytes, entity: bytes) -> bytes:
    """A workbook whose sheet declares texts that stand for others."""
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + entity + b"</t></is></c></row>"
    body = b"<worksheet " + MAIN + b"><sheetData>" + row + b"</sheetData></worksheet>"
    return workbook({SHEET: b'<?xml version="1.0"?>' + doctype + body})


FAR = b'<row r="2000000000"><c r="A2000000000" t="n"><v>200002</v></c></row>'
FORMULA = b'<row r="3"><c r="A3"><f>A1&amp;"x"</f><v></v></c><c r="B3"/></row>'


HEADING = b'<row r="1">%s</row>' % b"".join(
    b'<c r="%c1" t="inlineStr"><is><t>%s</t></is></c>' % (65 + at, name.encode())
    for at, name in enumerate(HEADER)
)


def in_utf16(data: bytes) -> bytes:
    """A sheet of this XML in UTF-16."""
    body = b"<worksheet " + MAIN + b"><sheetData>" + data + b"</sheetData></worksheet>"
    return ('<?xml version="1.0" encoding="utf-16"?>' + body.decode()).encode("utf-16")


def long_cell() -> bytes:
    """A row with a cell of more than a megabyte."""
    text = secrets.token_hex(550_000).encode()
    return b'<row r="3"><c r="A3" t="inlineStr"><is><t>' + text + b"</t></is></c></row>"
