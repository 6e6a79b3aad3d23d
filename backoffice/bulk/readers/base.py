"""What every reader gives: a header, and rows with their physical line."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.readers.header_search import HeaderTest, Numbered
from backoffice.bulk.unpacking.xlsx_sheet import MAX_COLUMNS
from backoffice.bulk.values.cell_origins import AS_STAGED, Origin
from backoffice.bulk.values.faults import Fault, FileRefused, ReaderIssue, storable

EMPTY = "empty_file"


class Notice(NamedTuple):
    """What is to be said of a file, or of a sheet of it, as a whole; line 0 is none."""

    fault: Fault
    line: int = 0
    value: str = ""
    sheet: str = ""
    column: str = ""


class Row(NamedTuple):
    """One data row: the physical line on which it starts, and the text of its cells.

    `syntax_error` is set where a line cannot be split into cells; it is then the only one. Rows
    translated from another format have an `origin`; those that are not for us are left out.
    """

    line: int
    cells: list[str]
    syntax_error: str = ""
    reader_issues: tuple[ReaderIssue, ...] = ()
    origin: Origin | None = None
    is_left_out: bool = False

    def of_row(self, number: int) -> "Row":
        """The row with the number that its line has in the file."""
        return self._replace(origin=(self.origin or AS_STAGED)._replace(row=number))


class CorrectedCell(NamedTuple):
    """A cell that somebody corrected: its place in the row, counted from 0, and both texts.

    `old` is None where the row of the file ends before this place.
    """

    place: int
    old: str | None
    new: str


Corrections = Mapping[int, Sequence[CorrectedCell]]  # by the physical line of the row


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes of the file, data rows, bytes of one row."""

    max_bytes: int
    max_rows: int
    max_row_bytes: int

    @classmethod
    def from_settings(cls) -> "Limits":
        return cls(
            settings.IMPORT_MAX_BYTES, settings.IMPORT_MAX_ROWS, settings.IMPORT_MAX_ROW_BYTES
        )

    def check_size(self, size: int) -> None:
        """Raise FileRefused for an empty file or one over the limit."""
        if not size:
            raise no_table()
        if size > self.max_bytes:
            raise FileRefused(
                "file_too_large",
                _(
                    "The file has %(size).0f MB; at most %(limit).0f MB can be read at once. "
                    "Split it."
                )
                % {"size": size / 1e6, "limit": self.max_bytes / 1e6},
            )

    def check_rows(self, rows: int) -> None:
        """Raise FileRefused for more rows than one file may have."""
        if rows > self.max_rows:
            raise FileRefused(
                "too_many_rows",
                ngettext(
                    "The file has more than %(limit)d row; split it.",
                    "The file has more than %(limit)d rows; split it.",
                    self.max_rows,
                )
                % {"limit": self.max_rows},
            )

    def check_row(self, line: int, length: int) -> None:
        """Raise FileRefused for a row that is longer than any honest row."""
        if length > self.max_row_bytes:
            raise FileRefused(
                "row_too_long",
                _(
                    "The row starting on line %(line)d is longer than %(limit)d bytes. "
                    "A quotation mark before it is probably not closed."
                )
                % {"line": line, "limit": self.max_row_bytes},
                line=line,
            )


def corrected_row(row: Row, corrections: Corrections, header: Sequence[str]) -> Row:
    """The row with its corrected cells, if it has the line of some.

    A correction holds only while the cell reads as it did when it was corrected. One behind the
    last cell lengthens the row up to it; blank ones behind the header are cut off again.
    """
    own = () if row.syntax_error else corrections.get(row.line, ())
    valid = [each for each in own if each.old == old_text(row.cells, each.place)]
    if not valid:
        return row
    most = max(each.place for each in valid) + 1
    cells = row.cells + [""] * (most - len(row.cells))
    for each in valid:
        cells[each.place] = each.new
    cleared = {each.place for each in valid if not each.new}
    while len(cells) > len(header) and len(cells) - 1 in cleared:
        cells.pop()
    # What the reader said of such a cell is not true of the text that stands in its place.
    names = {header[each.place].strip() for each in valid if each.place < len(header)}
    issues = tuple(each for each in row.reader_issues if each.column not in names)
    return row._replace(cells=cells, reader_issues=issues)


def old_text(cells: Sequence[str], place: int) -> str | None:
    """The text of a cell as a correction has it; None behind the last cell of the row."""
    return storable(cells[place]) if place < len(cells) else None


def no_table() -> FileRefused:
    """The refusal of a file with nothing in it."""
    return FileRefused(EMPTY, _("The file is empty. Choose a file with a header and rows."))


class TableReader(ABC):
    """A file opened as a table. Use as a context manager; iterate once.

    `labels`: the names people know columns by; `above`: those that stand in the header, or in a row
    of that name; `reader_issues`: of the file as a whole; `titles`: lines above the header;
    `number_places`: where in a row, counted from 0, a number is due, and whether it is a day;
    `corrections`: what cells of the rows, never of the header, read instead.
    """

    delimiter = ","
    separator_line = ""  # `sep=;`, in front of a text
    is_text = False  # delimited, unlike the cells of a workbook
    header_line = 1
    labels: Mapping[str, str] = MappingProxyType({})
    above: Mapping[str, str] = MappingProxyType({})
    reader_issues: tuple[ReaderIssue, ...] = ()
    number_places: Mapping[int, bool] = MappingProxyType({})
    titles: Sequence[Numbered] = ()
    # Without it the first row is the header, whatever stands in it.
    header_test: HeaderTest | None = None
    corrections: Corrections = MappingProxyType({})

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.size = path.stat().st_size
        self.header: list[str] = []

    @abstractmethod
    def __enter__(self) -> "TableReader":
        """Open the file and read the header."""

    @abstractmethod
    def __exit__(self, *_exception: object) -> None:
        """Close the file."""

    @abstractmethod
    def records(self) -> Iterator[Row]:
        """Every record after the header, wholly empty lines left out."""

    def notices(self) -> Iterator[Notice]:
        """What is to be said of the file as a whole, once its rows are read."""
        yield from ()

    @property
    def sheets(self) -> Sequence[tuple[int, str]]:
        """The first row and the name of each sheet, where a workbook has several."""
        return ()

    @abstractmethod
    def position(self) -> float:
        """How much of the file has been read, from 0 to 1."""

    def _refuse_wide_header(self) -> None:
        if len(self.header) > MAX_COLUMNS:
            raise FileRefused(
                "too_many_columns",
                _(
                    "The header has %(count)d columns; at most %(most)d can be read. Remove those "
                    "that are not needed."
                )
                % {"count": len(self.header), "most": MAX_COLUMNS},
                line=1,
            )

    def corrected(self, rows: Iterable[Row]) -> Iterable[Row]:
        """The rows with their corrected cells."""
        if not self.corrections:  # as in most files, which then lose no time
            return rows
        return (corrected_row(row, self.corrections, self.header) for row in rows)

    def rows(self) -> Iterator[Row]:
        """The data rows; blank rows at the end, as spreadsheets leave them, are not data."""
        count = 0
        blanks = array("L")  # line and width of each, until it is known whether a row follows
        most = self.limits.max_rows
        for row in self.corrected(self.records()):
            cells = row.cells
            if not (any(map(str.strip, cells)) or row.syntax_error):
                blanks.extend((row.line, len(cells)))
                continue
            count += 1 + len(blanks) // 2
            if count > most:
                self.limits.check_rows(count)
            if blanks:
                for at in range(0, len(blanks), 2):
                    yield Row(blanks[at], [""] * blanks[at + 1])
                blanks = array("L")
            yield row
