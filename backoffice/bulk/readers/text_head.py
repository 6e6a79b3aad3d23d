"""The head of a delimited text: what parts its cells, and in which line the header stands."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from django.utils.translation import gettext as _

from backoffice.bulk.readers.header_search import (
    MOST_TITLE_LINES,
    HeaderTest,
    LocatedHeader,
    is_known_header,
    locate_header,
)
from backoffice.bulk.values.faults import FileRefused

DELIMITERS = ",;\t"
# What other tools part cells with; a blank comes last, as it stands in titles.
NOT_READ = ("|", "¦", "^", "~", "\x1f", "::", ":", "#", "/", " ")
QUOTED = re.compile('"[^"]*("|$)')
# The line by which Excel is told the delimiter, quoted or not.
SEPARATOR_LINE = re.compile('"?sep=(.?)"?', re.IGNORECASE | re.DOTALL)
# Of the lines that are looked through; each sign that may part cells costs a pass over them.
MOST_CHARACTERS = 500_000
NumberedLine = tuple[int, str]


def named_delimiter(line: str) -> str:
    """The delimiter that a line `sep=;` names, blank for another line.

    Raises FileRefused for one that is not read.
    """
    named = SEPARATOR_LINE.fullmatch(line.strip(" \r\n"))
    if not named:
        return ""
    sign = named.group(1) or " "
    if sign in DELIMITERS:
        return sign
    raise _is_not_read(sign)


def likely_delimiter(line: str) -> str:
    bare = QUOTED.sub("", line)
    return max(DELIMITERS, key=lambda sign: (bare.count(sign), -DELIMITERS.index(sign)))


def header_among(
    lines: Sequence[NumberedLine], delimiters: str, test: HeaderTest
) -> tuple[str, LocatedHeader, int] | None:
    """The delimiter under which one of the lines is a known header, that header, and its last line.

    The line is counted from 0, and is that behind the header. Raises FileRefused for rows above it.
    """
    for delimiter in delimiters:
        records = list(_records(lines, delimiter))
        located = locate_header(((line, cells) for line, cells, _end in records), test)
        if located:
            return delimiter, located, records[located.place][2]
    return None


def _records(lines: Sequence[NumberedLine], delimiter: str) -> Iterator[tuple[int, list[str], int]]:
    """Line, cells and end of each record; a line that is none by its quoting is one cell."""
    at = 0
    while at < len(lines):
        rest = [line for _number, line in lines[at:]]
        reader = csv.reader(rest, delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            cells, count = next(reader), reader.line_num
        except csv.Error:
            cells, count = [rest[0].rstrip("\r\n")], 1
        yield lines[at][0], cells, at + count
        at += count


def refuse_other_delimiters(lines: Sequence[NumberedLine], test: HeaderTest) -> None:
    """Raise FileRefused where a line is a known header once it is parted by another sign.

    The line below it has as many cells then: a word in a sentence makes no header.
    """
    filled = [line.strip() for _number, line in lines if line.strip()]
    for line, below in pairwise(filled[: MOST_TITLE_LINES + 2]):
        for sign in NOT_READ:
            cells = [cell.strip(' "') for cell in line.split(sign)]
            is_table = 1 < len(cells) == below.count(sign) + 1 and not _are_parted(cells)
            if is_table and is_known_header(cells, test):
                raise _is_not_read(sign)


def _are_parted(cells: Sequence[str]) -> bool:
    """Whether what stands between the cells are delimiters: `"a" , "b"` is parted by commas."""
    return any(cell and not cell.strip(DELIMITERS) for cell in cells)


def _is_not_read(sign: str) -> FileRefused:
    display = _("a blank") if sign == " " else f"“{sign}”" if sign.isprintable() else ""
    message = _(
        "The cells of the file are parted by %(sign)s. Save it with commas, semicolons or "
        "tabs between them, as CSV in UTF-8."
    )
    return FileRefused(
        "unknown_delimiter", message % {"sign": display or _("an invisible sign")}, line=1
    )
