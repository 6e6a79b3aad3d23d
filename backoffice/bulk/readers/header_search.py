"""Where the header of a table stands: in its first row, or below lines that are its title."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.unpacking.xlsx_sheet import MAX_COLUMNS
from backoffice.bulk.values.faults import Fault, FileRefused, ReaderIssue, display_text

MOST_TITLE_LINES = 20
MOST_ROWS = MOST_TITLE_LINES + 2  # that are looked at: the titles, the header, and a row
MOST_LINES = 100  # of a text, where a row may have several
MOST_BLANK_LINES = 1_000  # besides
MOST_QUOTED = 5
Numbered = tuple[int, list[str]]  # physical line and cells


class HeaderTest(Protocol):
    """What a caller knows about headers; readers know none."""

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether the cells are a header known here."""

    def is_row(self, header: Sequence[str], cells: Sequence[str]) -> bool:
        """Whether the cells could be a row of the table below this header."""


class LocatedHeader(NamedTuple):
    """A known header and the lines above it; `place` is its number among the rows looked at."""

    line: int
    cells: list[str]
    titles: list[Numbered]
    place: int


def find_header(rows: Iterable[Numbered], test: HeaderTest) -> LocatedHeader | None:
    """The first known header among rows, with at most MOST_TITLE_LINES above it; else None.

    Blank rows count as nothing. Where there is none, the first row is the header.
    """
    titles: list[Numbered] = []
    for place, (line, cells) in enumerate(rows):
        if not is_filled(cells):
            continue
        if is_known_header(cells, test):
            return LocatedHeader(line, cells, titles, place)
        if len(titles) == MOST_TITLE_LINES:
            return None
        titles.append((line, cells))
    return None


def locate_header(rows: Iterable[Numbered], test: HeaderTest) -> LocatedHeader | None:
    """As `find_header`. Raises FileRefused where a row above could be one of the table.

    It would be lost.
    """
    located = find_header(rows, test)
    if located:
        _refuse_rows(located.titles, located.line, located.cells, test)
    return located


def is_known_header(cells: Sequence[str], test: HeaderTest) -> bool:
    """Whether the cells are a known header; one of more columns than are read is none."""
    return len(cells) <= MAX_COLUMNS and test.is_header(cells)


def is_filled(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))


def _refuse_rows(titles: list[Numbered], line: int, header: list[str], test: HeaderTest) -> None:
    for above, cells in titles:
        if test.is_row(header, cells):
            message = _(
                "Line %(above)d could be a row of the table, and the header stands below it, in "
                "line %(line)d. Move the header to the top, or remove what stands above it."
            )
            params = {"above": above, "line": line}
            raise FileRefused("rows_above_header", message % params, line=above)


def title_issues(titles: Sequence[Numbered]) -> tuple[ReaderIssue, ...]:
    """The warning that lines above the header are passed over; none without such lines."""
    if not titles:
        return ()
    template = ngettext(
        "%(count)d line above the header is no row of the table and was passed over: %(lines)s.",
        "%(count)d lines above the header are no rows of the table and were passed over: "
        "%(lines)s.",
        len(titles),
    )
    texts = [" ".join(filter(None, map(str.strip, cells))) for _line, cells in titles]
    quoted = [f"“{display_text(text)}”" for text in texts[:MOST_QUOTED]]
    more = ["…"] if len(texts) > MOST_QUOTED else []
    lines = ", ".join(quoted + more).replace("{", "{{").replace("}", "}}")
    fault = Fault("title_lines", template % {"count": len(titles), "lines": lines}, is_warning=True)
    return (ReaderIssue(fault, "", ""),)
