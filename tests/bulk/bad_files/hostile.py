"""Hostile workbooks and zip files by number: the same file for the same number.

Each is one of the tricks below, at a place and of a size that chance picks. Some come out harmless.
"""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from random import Random

from tests.bulk.bad_files.case import BadFile
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
    encrypted,
    lying,
    sharing,
    sheet,
    sheet_with,
    with_format,
    with_many,
    with_texts,
    workbook,
)

Trick = Callable[[Random], bytes]
LINKS = "xl/_rels/workbook.xml.rels"
PARTS = (BOOK, SHEET, STYLES, TYPES, LINKS)
ENCODINGS = ("utf-8", "utf-16", "utf-8-sig")
TABLE = "student_id,course_code,presentation\ns1003,BIO101,2026J\n"
QUADRATIC = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]>'


def declaration(choose: Random) -> bytes:
    """A document type behind comments, in any part and encoding."""
    part, codec = choose.choice(PARTS), choose.choice(ENCODINGS)
    doctype = choose.choice((LAUGHS, QUADRATIC, b"<!DOCTYPE x>")).decode()
    comments = "".join(
        f"<!--{'x' * choose.randrange(9_000)}-->" for _n in range(choose.randrange(4))
    )
    named = choose.choice(("&j;", "&a;")) * choose.choice((1, 1_000, 100_000))

    def change(old: bytes) -> bytes:
        text = old.decode()
        text = text[text.find("?>") + 2 :] if text.startswith("<?") else text
        at = text.find(">") + 1
        return (comments + doctype + text[:at] + named + text[at:]).encode(codec)

    return workbook({part: change})


def sharing_texts(choose: Random) -> bytes:
    """Few bytes that refer to long texts."""
    return sharing(choose.choice((1_000, 100_000, 900_000)), choose.choice((300, 3_000, 20_000)))


def many_elements(choose: Random) -> bytes:
    """A list without end in a part that says how others are to be read."""
    part, end, pattern = choose.choice(
        (
            (BOOK, b"</workbook>", b'<definedName name="n%x">Sheet!$A$1</definedName>'),
            (BOOK, b"</sheets>", b'<sheet name="n%x" sheetId="7"/>'),
            (STYLES, b"</cellXfs>", b'<xf numFmtId="%d"/>'),
            (TYPES, b"</Types>", b'<Override PartName="/%x" ContentType="a"/>'),
            (LINKS, b"</Relationships>", b'<Relationship Id="r%x" Type="a" Target="b"/>'),
        )
    )
    return with_many(part, end, pattern, choose.choice((5_000, 30_000, 80_000)))


def deep(choose: Random) -> bytes:
    """Elements in each other."""
    tag = choose.choice((b"<a>", b'<row r="2">', b"<c>", b"<v>", b"<is>", b"<t>", b"<rPh>"))
    data = HEADING + b'<row r="2">' + tag * choose.choice((50, 5_000, 70_000))
    if choose.random() < 0.3:
        return workbook({choose.choice(PARTS): tag * 100_000})
    return sheet(data)


def long_markup(choose: Random) -> bytes:
    """A tag, a comment, a text or an attribute that does not end."""
    size = choose.choice((100_000, 900_000, 3_000_000))
    noise = bytes(choose.choice(b"abcdefgh") for _n in range(5_000)) * (size // 5_000)
    markup = choose.choice((b"<!--%s-->", b"<a b='%s'/>", b"<%s/>", b"<t>%s</t>", b"<?x %s?>"))
    if choose.random() < 0.5:
        return sheet(HEADING + markup % noise)
    return workbook({choose.choice(PARTS): lambda old: old[:-20] + markup % noise + old[-20:]})


def names_without_end(choose: Random) -> bytes:
    """Names that are all different: the parser keeps each."""
    start = choose.choice((b"<a%x/>", b"<a b%x='1'/>", b"<x:a xmlns:x='u%x'/>"))
    count = choose.choice((5_000, 60_000))
    rows = b"".join(
        b'<row r="%d"><c><v>1</v></c>%s</row>' % (n // 10 + 2, start % n) for n in range(count)
    )
    return sheet(HEADING + rows)


def attributes_without_end(choose: Random) -> bytes:
    """A tag of many attributes."""
    count = choose.choice((500, 20_000, 70_000))
    many = b" ".join(b"a%d='1'" % n for n in range(count))
    return sheet(HEADING + b'<row r="2" ' + many + b"><c><v>1</v></c></row>")


def far_away(choose: Random) -> bytes:
    """Cells and claims outside any sheet."""
    number = choose.choice((b"1048577", b"2e9", b"9" * 5_000, b"-1", b"1e999", b"nan", b"0x7"))
    column = choose.choice((b"XFD", b"ZZZ", b"AAAA", b"A" * 90_000, b""))
    if choose.random() < 0.5:
        return claiming(b"A1:" + column + number)
    if choose.random() < 0.5:
        return sheet_with(b'<row r="3"><c r="' + column + b'3"><v>' + number + b"</v></c></row>")
    return sheet_with(FAR.replace(b"2000000000", number))


def dense(choose: Random) -> bytes:
    """A part that packs far better than any table."""
    name = choose.choice((*PARTS, TEXTS, "xl/media/a.png", "xl/worksheets/sheet2.xml"))
    return workbook(
        {name: choose.choice((b"0", b"<a/>", b"\0")) * choose.choice((900_000, 9_000_000))}
    )


def wrong_sizes(choose: Random) -> bytes:
    """Parts that are not as large as they claim."""
    data = choose.choice((workbook(), workbook({SHEET: b"<a/>" * 400_000}), with_texts(2_000)))
    return choose.choice((lying, encrypted))(data)


def odd_formats(choose: Random) -> bytes:
    """Formats of numbers that take long to understand."""
    code = choose.choice((b"[", b"&quot;", b"[h", b"_d", b"\\d", b";"))
    return with_format(code * choose.choice((30, 250, 5_000, 300_000)))


def odd_values(choose: Random) -> bytes:
    """Values of which no spreadsheet writes any."""
    kind = choose.choice((b"n", b"s", b"b", b"d", b"e", b"str", b"x"))
    value = choose.choice((b"1" * 9_000, b"1e400", b"-1e308", b"nan", b"999999999", b"PT9H", b"x"))
    style = choose.choice((b"0", b"1", b"-1", b"x"))
    cell = b'<c t="%s" s="%s"><v>%s</v></c>' % (kind, style, value)
    return sheet(HEADING + b'<row r="2">' + cell * choose.choice((3, 300, 3_000)) + b"</row>")


def spoilt_bytes(choose: Random) -> bytes:
    """A workbook or archive of which some bytes are others, missing, or there twice."""
    data = bytearray(choose.choice((workbook(), zip_of({"a.csv": TABLE, "b.csv": TABLE}))))
    for _n in range(choose.choice((1, 5, 50))):
        data[choose.randrange(4, len(data))] = choose.randrange(256)
    cut = choose.randrange(len(data)) if choose.random() < 0.3 else len(data)
    return bytes(data[:cut]) + (bytes(data) if choose.random() < 0.2 else b"")


def many_parts(choose: Random) -> bytes:
    """Sheets and members by the thousand."""
    count = choose.choice((90, 150, 3_000))
    if choose.random() < 0.5:
        return workbook({f"xl/worksheets/sheet{n}.xml": b"<a/>" * 10_000 for n in range(2, count)})
    return zip_of({f"{n}.csv": TABLE for n in range(count)})


def texts_without_end(choose: Random) -> bytes:
    """Shared texts, no two alike."""
    return with_texts(choose.choice((1_000, 50_000, 200_000)))


def zip_of(members: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def zip_of_bombs(choose: Random) -> bytes:
    """Members that unpack to far more than they are."""
    content = choose.choice((b"a", b"a,", b"\n", b'"', b"\0")) * choose.choice(
        (900_000, 30_000_000)
    )
    return zip_of({"enrollments.csv": content, "users.csv": content[:500_000]})


def zip_within(choose: Random) -> bytes:
    """Archives in archives, by their names or not."""
    inner: bytes = zip_of({"a.csv": TABLE})
    for _n in range(choose.randrange(1, 5)):
        inner = zip_of({choose.choice(("a.zip", "a.csv", "a.xlsx", "a.gz")): inner})
    return inner


def odd_names(choose: Random) -> bytes:
    """Names that lead out of a folder, or are none."""
    names = ("../a.csv", "/a.csv", "C:a.csv", "a\\b.csv", "a\n.csv", "\u202egnp.csv", "a" * 60_000)
    return zip_of({choose.choice(names): TABLE, "enrollments.csv": TABLE})


def odd_headers(choose: Random) -> bytes:
    """A list of members that says something else than the members do."""
    data = bytearray(zip_of({"enrollments.csv": TABLE, "users.csv": TABLE}))
    mark = choose.choice((b"PK\1\2", b"PK\3\4", b"PK\5\6"))
    at = data.find(mark) + choose.randrange(4, 22)
    data[at : at + 4] = struct.pack("<I", choose.choice((0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF)))
    return bytes(data)


TRICKS: tuple[Trick, ...] = (
    *(declaration, declaration, declaration, sharing_texts, many_elements, deep, long_markup),
    *(names_without_end, attributes_without_end, far_away, dense, wrong_sizes, odd_formats),
    *(odd_values, spoilt_bytes, many_parts, texts_without_end, zip_of_bombs, zip_within),
    *(odd_names, odd_headers),
)


def hostile(number: int) -> BadFile:
    """A hostile file; every trick has its turn, at another place and size each time."""
    trick = TRICKS[number % len(TRICKS)]
    name = f"hostile {number}: {trick.__name__.replace('_', ' ')}"
    ending = "zip" if "zip" in name else "xlsx"
    return BadFile(
        name, "enrollments", lambda: trick(Random(number)), "", file_name=f"autumn.{ending}"
    )
