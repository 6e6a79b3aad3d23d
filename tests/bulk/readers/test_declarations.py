"""No part of a workbook may declare anything: wherever it stands, in whatever encoding."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.bulk.readers import open_table
from backoffice.bulk.values.faults import FileRefused
from tests.bulk.bad_files.packing import (
    BOOK,
    HEADER,
    MAIN,
    SHEET,
    STYLES,
    TEXTS,
    TYPES,
    workbook,
)

LINKS = "xl/_rels/workbook.xml.rels"
PARTS = (BOOK, SHEET, STYLES, TEXTS, TYPES, LINKS)
SHARED = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
    b'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
# Codec, what the part says of it, and the mark before it.
ENCODINGS = {
    "utf-8": ("utf-8", 'encoding="UTF-8"', b""),
    "utf-8 with a mark": ("utf-8", "", b"\xef\xbb\xbf"),
    "utf-16 le": ("utf-16-le", 'encoding="UTF-16"', b"\xff\xfe"),
    "utf-16 be": ("utf-16-be", 'encoding="UTF-16"', b"\xfe\xff"),
    "utf-16 le without a mark": ("utf-16-le", 'encoding="UTF-16LE"', b""),
    "utf-16 be without a mark": ("utf-16-be", 'encoding="UTF-16BE"', b""),
    "latin 1": ("latin-1", 'encoding="ISO-8859-1"', b""),
    "ascii": ("ascii", 'encoding="US-ASCII"', b""),
    "windows": ("cp1252", 'encoding="windows-1252"', b""),
}
DOCTYPES = (
    "<!DOCTYPE x>",
    '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">',
    '<!DOCTYPE x PUBLIC "-//W3C//DTD" "file:///etc/passwd">',
    '<!DOCTYPE x [<!ENTITY e "lol">]>',
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/p">%p;]>',
    '<!DOCTYPE x [<!ATTLIST x a CDATA "given">]>',
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY e "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
)
MESSAGE = "The workbook holds XML that no spreadsheet writes. Save the table as CSV."
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
before = st.lists(
    st.one_of(
        st.integers(1, 40_000).map(lambda size: f"<!--{'-x' * size}-->"),
        st.integers(1, 3_000).map(lambda size: "\n " * size),
        st.sampled_from(["<?sort of?>", "<!-- <!DOCTYPE x> -->", "<?xml-stylesheet href='a'?>"]),
    ),
    max_size=3,
)


def content(name: str) -> dict[str, bytes]:
    """The parts of a workbook that reads all of them."""
    texts = "".join(f"<si><t>{text}</t></si>" for text in HEADER).encode()
    cells = b"".join(b'<c t="s"><v>%d</v></c>' % at for at in range(3))
    row = b'<row r="2"><c t="inlineStr"><is><t>x</t></is></c></row>'
    made = {
        TEXTS: b"<sst " + MAIN + b">" + texts + b"</sst>",
        SHEET: b"<worksheet "
        + MAIN
        + b'><sheetData><row r="1">'
        + cells
        + b"</row>"
        + row
        + b"</sheetData></worksheet>",
    }
    return {name: made[name]} if name in made else {}


def spoilt(name: str, encoding: str, prolog: str) -> bytes:
    """A workbook with this before the root of one of its parts."""
    codec, declared, mark = ENCODINGS[encoding]

    def change(old: bytes) -> bytes:
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", (content(name).get(name) or old).decode())
        head = f'<?xml version="1.0" {declared}?>' if declared else ""
        return mark + (head + prolog + text).encode(codec)

    changes = {TEXTS: content(TEXTS)[TEXTS], SHEET: content(SHEET)[SHEET]}
    changes[TYPES] = lambda old: old.replace(b"</Types>", SHARED)
    parts = {**changes, name: change}
    if name == TYPES:
        parts[TYPES] = lambda old: change(old.replace(b"</Types>", SHARED))
    return workbook(parts)


def read(path: Path) -> list[list[str]]:
    with open_table(path) as reader:
        return [reader.header, *(row.cells for row in reader.rows())]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", PARTS)
def test_a_part_without_a_declaration_is_read_in_any_encoding(
    tmp_path: Path, name: str, encoding: str
):
    path = tmp_path / "a.xlsx"
    path.write_bytes(spoilt(name, encoding, "<!-- honest -->"))
    assert read(path) == [list(HEADER), ["x", "", ""]]


@many
@given(
    name=st.sampled_from(PARTS),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    doctype=st.sampled_from(DOCTYPES),
    ahead=before,
    behind=before,
)
def test_a_declaration_is_refused_wherever_it_stands(
    tmp_path: Path, name: str, encoding: str, doctype: str, ahead: list[str], behind: list[str]
):
    path = tmp_path / "a.xlsx"
    path.write_bytes(spoilt(name, encoding, "".join((*ahead, doctype, *behind))))
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert (refused.value.code, refused.value.message) == ("unreadable_workbook", MESSAGE)
