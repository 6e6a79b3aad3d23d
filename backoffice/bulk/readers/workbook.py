"""Excel workbooks: the first sheet as text, after the package was found to be harmless."""

import datetime
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from backoffice.bulk.faults import FileRefused
from backoffice.bulk.readers.base import MAX_COLUMNS, Limits, Row, TableReader
from backoffice.bulk.readers.package import Package

MOST_ABOVE = 1_000  # blank rows above the header


class WorkbookReader(TableReader):
    """Reads the first sheet row by row; cached values of formulas, never the formulas."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._read = 0
        self._expected = 0

    def __enter__(self) -> "WorkbookReader":
        try:
            self._package = Package(self.path, self.limits)
            self._expected = self._package.check()
            # By an open file: by a path, the library goes by the ending of the name.
            with self.path.open("rb") as stream:
                book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
                book._archive = self._package  # from here on sheets are read through the guard
                sheet = book.worksheets[0]
            sheet.reset_dimensions()
            self._rows = enumerate(sheet.iter_rows(values_only=True), 1)
            self._read_header()
        except FileRefused:
            raise
        except Exception as error:  # a damaged package fails in dozens of ways inside the library
            raise _unreadable(error) from None
        return self

    def _read_header(self) -> None:
        """The first row with something in it."""
        for line, values in itertools.islice(self._rows, MOST_ABOVE):
            self._read = self.header_line = line
            self.header = self._trimmed(values)
            if self.header:
                break
        self._refuse_wide_header()

    def __exit__(self, *_exception: object) -> None:
        self._package.close()

    def records(self) -> Iterator[Row]:
        """The rows of the sheet; a row's line is its number in the sheet."""
        try:
            for line, values in self._rows:
                self._read, cells = line, self._trimmed(values)
                if cells:
                    self.limits.check_row(line, sum(map(len, cells)))
                    yield Row(line, cells + [""] * (len(self.header) - len(cells)))
        except FileRefused:
            raise
        except Exception as error:  # see __enter__
            raise _unreadable(error) from None

    def _trimmed(self, values: tuple[object, ...]) -> list[str]:
        """The cells as text, without the empty ones behind the last."""
        if len(values) > MAX_COLUMNS:
            raise FileRefused(
                "absurd_dimension",
                _("A row has %(columns)d cells. Delete what lies outside the table.")
                % {"columns": len(values)},
            )
        cells = [cell_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def position(self) -> float:
        """By rows, where the sheet says how many it has."""
        return min(self._read / self._expected, 1.0) if self._expected else 0.0


def cell_text(value: object) -> str:
    """What a person sees in the cell: whole numbers without a fraction, days as ISO dates."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat() + "+00:00"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _unreadable(error: Exception) -> FileRefused:
    told = zipfile.BadZipFile.__name__ if isinstance(error, zipfile.BadZipFile) else str(error)
    return FileRefused(
        "unreadable_workbook",
        _(
            "The workbook cannot be read (%(error)s). Open it in Excel, save it again, or save "
            "it as CSV."
        )
        % {"error": told[:100] or type(error).__name__},
    )
