"""Excel workbooks: the first sheet as text, after the package was found to be harmless."""

import contextlib
import zipfile
from collections.abc import Iterator

from django.utils.translation import gettext as _

from backoffice.bulk.readers.base import Row, TableReader, no_table
from backoffice.bulk.readers.xlsx_guard import Package
from backoffice.bulk.readers.xlsx_sheet import Sheet
from backoffice.bulk.values.faults import FileRefused

MOST_ABOVE = 1_000  # blank rows above the header


class WorkbookReader(TableReader):
    """Reads the first sheet row by row: stored values of formulas, never the formulas."""

    _read = _expected = 0  # rows

    def __enter__(self) -> "WorkbookReader":
        with _legible(), contextlib.ExitStack() as unless_read:
            self._package = Package(self.path, self.limits)
            unless_read.callback(self._package.close)
            self._expected = self._package.check()
            self._rows = Sheet(self._package).items()
            self._read_header()
            unless_read.pop_all()
        return self

    def _read_header(self) -> None:
        for line, cells in self._rows:
            if line > MOST_ABOVE:
                break
            if cells:
                self._read = self.header_line = line
                self.header = cells
                return
        raise no_table()

    def __exit__(self, *_exception: object) -> None:
        self._package.close()

    def records(self) -> Iterator[Row]:
        with _legible():
            for line, cells in self._rows:
                self._read = line
                if cells:
                    self.limits.check_row(line, sum(map(len, cells)))
                    yield Row(line, cells + [""] * (len(self.header) - len(cells)))

    def position(self) -> float:
        return min(self._read / self._expected, 1.0) if self._expected else 0.0


@contextlib.contextmanager
def _legible() -> Iterator[None]:
    try:
        yield
    except FileRefused:
        raise
    # A damaged package fails in dozens of ways inside the libraries.
    except Exception as error:
        reason = "" if isinstance(error, zipfile.BadZipFile) else str(error)[:100]
        raise FileRefused(
            "unreadable_workbook",
            _(
                "The workbook cannot be read (%(error)s). Open it in Excel, save it again, or save "
                "it as CSV."
            )
            % {"error": reason or type(error).__name__},
        ) from None
