"""Excel workbooks: the first sheet as text, unpacked and parsed by a process of its own."""

import contextlib
from collections.abc import Iterator
from itertools import chain, islice, takewhile

from backoffice.bulk.readers.base import MAX_COLUMNS, Row, TableReader, no_table
from backoffice.bulk.readers.header_search import (
    MOST_TITLE_LINES,
    Numbered,
    locate_header,
    title_issues,
)
from backoffice.bulk.readers.reader_process import ReaderProcess
from backoffice.bulk.readers.refusals import refusal
from backoffice.bulk.unpacking.frames import (
    CELL_SEPARATOR,
    END,
    EXPECTED,
    ROW_SEPARATOR,
    ROWS,
)

MOST_ABOVE = 1_000  # blank rows above the header


class WorkbookReader(TableReader):
    """Reads the first sheet row by row: stored values of formulas, never the formulas."""

    _read = _expected = 0  # rows

    def __enter__(self) -> "WorkbookReader":
        with contextlib.ExitStack() as unless_read:
            self._process = ReaderProcess(self.path, "rows", self.limits)
            unless_read.enter_context(self._process)
            self._rows: Iterator[Numbered] = self._received()
            self._read_header()
            unless_read.pop_all()
        return self

    def _read_header(self) -> None:
        rows = takewhile(lambda row: row[0] <= MOST_ABOVE, self._rows)
        first = next((row for row in rows if row[1]), None)
        if first is None:
            raise no_table()
        self._set_header(*first)
        if self.header_test and not self.header_test.is_header(first[1]):
            self._search([first])

    def _search(self, head: list[Numbered]) -> None:
        assert self.header_test
        rows = ((line, cells) for line, cells in self._rows if cells)
        head += islice(rows, MOST_TITLE_LINES)
        located = locate_header(head, self.header_test)
        if located:
            self._set_header(located.line, located.cells)
            self.titles, self.reader_issues = located.titles, title_issues(located.titles)
        # Whatever was read behind the header is a row.
        self._rows = chain(head[located.place + 1 if located else 1 :], self._rows)

    def _set_header(self, line: int, cells: list[str]) -> None:
        self._read = self.header_line = line
        self.header = cells

    def __exit__(self, *exception: object) -> None:
        self._process.__exit__(*exception)

    def records(self) -> Iterator[Row]:
        width = len(self.header)
        for line, cells in self._rows:
            self._read = line
            if cells:
                yield Row(line, cells + [""] * (width - len(cells)))

    def _received(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of each row; of blank rows now and then a number."""
        last = 0
        while (frame := self._process.frame(EXPECTED, ROWS, END))[0] != END:
            kind, content = frame
            if kind == EXPECTED:
                self._expected = int(content)
                continue
            for record in content.decode().split(ROW_SEPARATOR):
                number, *cells = record.split(CELL_SEPARATOR)
                line = int(number)
                if line <= last or len(cells) > MAX_COLUMNS:
                    raise refusal("died")
                last = line
                yield line, cells

    def position(self) -> float:
        return min(self._read / self._expected, 1.0) if self._expected else 0.0
