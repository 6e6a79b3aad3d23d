"""Excel workbooks: their sheets as text, unpacked and parsed by a process of its own."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import ngettext

from backoffice.bulk.readers.base import (
    MAX_COLUMNS,
    Limits,
    Notice,
    Row,
    TableReader,
    no_table,
)
from backoffice.bulk.readers.header_search import (
    MOST_BLANK_LINES,
    MOST_ROWS,
    HeaderTest,
    Numbered,
    locate_header,
    title_issues,
)
from backoffice.bulk.readers.reader_process import ReaderProcess
from backoffice.bulk.readers.refusals import OF_THE_READER, refusal
from backoffice.bulk.readers.shown_numbers import number_in, text_of
from backoffice.bulk.unpacking.frames import (
    CELL_SEPARATOR,
    END,
    EXPECTED,
    NUMBER_SEPARATOR,
    ROW_SEPARATOR,
    ROWS,
    SHEETS,
)
from backoffice.bulk.values.faults import Fault, FileRefused

ENDED = frozenset(code for code, _sentence in OF_THE_READER.values())
# Its number, its cells, whether it is hidden, and whether a cell of it shows another number than it
# holds.
SheetRow = tuple[int, list[str], bool, bool]


@dataclass(frozen=True)
class WorkbookSheet:
    """A sheet of a workbook; that of a chart has no cells."""

    number: int
    name: str
    has_cells: bool = True
    is_hidden: bool = False
    is_chart: bool = False


class Workbook:
    """An opened workbook: a context manager. One sheet is read after the other."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.process = path, ReaderProcess(path, "sheets", limits)
        self.sheets: list[WorkbookSheet] = []
        self.expected = 0  # rows of the sheet that is read, as it claims

    def __enter__(self) -> "Workbook":
        with contextlib.ExitStack() as unless_listed:
            unless_listed.enter_context(self.process)
            listed = self.process.json(SHEETS)
            try:
                self.sheets = [
                    WorkbookSheet(at, str(name), *map(bool, rest))
                    for at, (name, *rest) in enumerate(listed)
                ]
            except (TypeError, ValueError):
                raise refusal("died") from None
            unless_listed.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.__exit__(*exception)

    @property
    def readable(self) -> list[WorkbookSheet]:
        """The sheets that people see. Where all are hidden, no other can have been meant."""
        with_cells = [sheet for sheet in self.sheets if sheet.has_cells]
        return [sheet for sheet in with_cells if not sheet.is_hidden] or with_cells

    def numbered(self, number: int | None) -> WorkbookSheet:
        """The sheet of a number, or the first that people see."""
        return self.readable[0] if number is None else self.sheets[number]

    def head(self, sheet: WorkbookSheet, most: int) -> tuple[list[SheetRow], FileRefused | None]:
        """The first rows that are not blank, with little of the sheet read, and what ends them.

        Raises FileRefused where the process ended, so that no other sheet can be read either.
        """
        rows: list[SheetRow] = []
        try:
            rows.extend(row for row in self.rows(sheet, most) if row[1])
        except FileRefused as refusal:
            if refusal.code in ENDED:
                raise
            return rows, refusal
        return [row for row in rows if row[0] <= MOST_BLANK_LINES + most], None

    def rows(self, sheet: WorkbookSheet, most: int = 0) -> Iterator[SheetRow]:
        """The rows that are not blank, all or the first; to be taken to the end.

        Of many blank rows a number comes now and then, without cells. Raises FileRefused.
        """
        self.process.request(sheet.number, most)
        last = 0
        while (frame := self.process.frame(EXPECTED, ROWS, END))[0] != END:
            kind, content = frame
            if kind == EXPECTED:
                self.expected = int(content)
                continue
            text = content.decode()
            has_numbers = NUMBER_SEPARATOR in text
            for record in text.split(ROW_SEPARATOR):
                number, *cells = record.split(CELL_SEPARATOR)
                line, is_hidden = int(number), False
                if line < 0:
                    line, is_hidden = -line, True
                if line <= last or len(cells) > MAX_COLUMNS:
                    raise refusal("died")
                last = line
                yield line, cells, is_hidden, has_numbers


class WorkbookReader(TableReader):
    """Reads a sheet row by row: stored values of formulas, never the formulas.

    `sheet` is its number; without it, it is the first. With `book` that workbook is read, and stays
    open.
    """

    _read = 0  # rows

    def __init__(
        self,
        path: Path,
        limits: Limits,
        sheet: int | None = None,
        book: Workbook | None = None,
    ) -> None:
        super().__init__(path, limits)
        self.sheet, self._is_shared = sheet, book is not None
        self.book = book or Workbook(path, limits)
        self.hidden_rows, self.first_hidden_line = 0, 0

    def __enter__(self) -> "WorkbookReader":
        with contextlib.ExitStack() as unless_read:
            if not self._is_shared:
                unless_read.enter_context(self.book)
            self._sheet = self.book.numbered(self.sheet)
            self._read_header()
            unless_read.pop_all()
        return self

    def _read_header(self) -> None:
        first, fault = self._head(1)
        if not first:
            raise fault or no_table()
        line, cells = first[0]
        self._read, self.header_line, self.header = line, line, cells
        if self.header_test and not self.header_test.is_header(cells):
            self._search(self.header_test)

    def _head(self, most: int) -> tuple[list[Numbered], FileRefused | None]:
        rows, fault = self.book.head(self._sheet, most)
        return [(line, list(map(text_of, cells))) for line, cells, *_rest in rows], fault

    def _search(self, test: HeaderTest) -> None:
        head, _fault = self._head(MOST_ROWS)  # what is wrong is said once it is read
        located = locate_header(head, test)
        if located:
            self._read = self.header_line = located.line
            self.header, self.titles = located.cells, located.titles
            self.reader_issues = title_issues(located.titles)

    def __exit__(self, *exception: object) -> None:
        if not self._is_shared:
            self.book.__exit__(*exception)

    def records(self) -> Iterator[Row]:
        width, header_line = len(self.header), self.header_line
        for line, cells, is_hidden, has_numbers in self.book.rows(self._sheet):
            self._read = line
            if not cells or line <= header_line:
                continue
            if is_hidden:
                self.hidden_rows += 1
                self.first_hidden_line = self.first_hidden_line or line
            missing = width - len(cells)
            row = Row(line, cells + [""] * missing if missing else cells)
            yield self._resolved(row) if has_numbers else row

    def _resolved(self, row: Row) -> Row:
        """The row with one text for each cell that shows another number than it holds."""
        issues = []
        cells = row.cells.copy()
        for at, cell in enumerate(cells):
            if NUMBER_SEPARATOR not in cell:
                continue
            if at in self.number_places:
                cells[at], issue = number_in(cell, self.header[at], self.number_places[at])
                issues += [issue] if issue else []
            else:
                cells[at] = text_of(cell)
        return row._replace(cells=cells, reader_issues=tuple(issues))

    def notices(self) -> Iterator[Notice]:
        if self.hidden_rows:
            template = ngettext(
                "%(count)d row is hidden or filtered out in the workbook. It goes in like the "
                "others.",
                "%(count)d rows are hidden or filtered out in the workbook, the first of them in "
                "this line. They go in like the others.",
                self.hidden_rows,
            )
            template %= {"count": self.hidden_rows}
            yield Notice(Fault("hidden_rows", template, is_warning=True), self.first_hidden_line)

    def position(self) -> float:
        return min(self._read / self.book.expected, 1.0) if self.book.expected else 0.0
