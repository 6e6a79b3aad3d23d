"""Excel workbooks: the first sheet as text, after the package was found to be harmless."""

import contextlib
import datetime
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.xml.constants import SHARED_STRINGS

from backoffice.bulk.readers.base import MAX_COLUMNS, Limits, Row, TableReader, no_table
from backoffice.bulk.readers.shared_strings import SharedTexts
from backoffice.bulk.readers.xlsx_guard import Package, most_rows, row_too_far
from backoffice.bulk.values.faults import FileRefused

MOST_ABOVE = 1_000  # blank rows above the header


class Sheet(ReadOnlyWorksheet):
    """A sheet that is opened once, guarded; what size it claims was looked at before."""

    def _get_size(self) -> None:
        """The library would read a sheet that claims none to its end."""

    def _get_source(self) -> Any:
        return self.parent._archive.open_sheet(self._worksheet_path)


class FirstSheet(ExcelReader):
    """Reads of a workbook what its first sheet needs: texts, and which numbers are dates."""

    def __init__(self, package: Package) -> None:
        self.archive, self.valid_files = package, package.namelist()
        self.read_only = self.data_only = True
        self.keep_vba = self.keep_links = self.rich_text = False
        self.shared_strings: SharedTexts | list[str] = []

    def sheet(self) -> Sheet:
        """The sheet. Raises FileRefused for a workbook without one."""
        self.read_manifest()
        self._read_texts()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        for sheet, rel in self.parser.find_sheets():
            if rel.target in self.valid_files and "chartsheet" not in rel.Type:
                return Sheet(self.wb, sheet.name, rel.target, self.shared_strings)
        raise FileRefused(
            "unreadable_workbook", _("The workbook has no sheet. Save the table as CSV.")
        )

    def _read_texts(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            # Open as long as the package is: they are read while the cells are.
            self.shared_strings = SharedTexts(self.archive.open(part.PartName[1:]))


class WorkbookReader(TableReader):
    """Reads the first sheet row by row; cached values of formulas, never the formulas."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._read = 0
        self._expected = 0

    def __enter__(self) -> "WorkbookReader":
        with _legible(), contextlib.ExitStack() as unless_read:
            self._package = Package(self.path, self.limits)
            unless_read.callback(self._package.close)
            self._expected = self._package.check()
            sheet = FirstSheet(self._package).sheet()
            self._rows = enumerate(sheet.iter_rows(values_only=True), 1)
            self._read_header()
            unless_read.pop_all()
        return self

    def _read_header(self) -> None:
        """The first row with something in it."""
        for line, values in itertools.islice(self._rows, MOST_ABOVE):
            self._read = self.header_line = line
            self.header = self._trimmed(values)
            if self.header:
                return
        raise no_table()

    def __exit__(self, *_exception: object) -> None:
        self._package.close()

    def records(self) -> Iterator[Row]:
        """The rows of the sheet; a row's line is its number in the sheet."""
        most = most_rows(self.limits)
        with _legible():
            for line, values in self._rows:
                if line > most:
                    raise row_too_far(_("%(line)d or below") % {"line": line}, most)
                self._read, cells = line, self._trimmed(values) if values else []
                if cells:
                    self.limits.check_row(line, sum(map(len, cells)))
                    yield Row(line, cells + [""] * (len(self.header) - len(cells)))

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
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat() + "+00:00"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


@contextlib.contextmanager
def _legible() -> Iterator[None]:
    """A damaged package fails in dozens of ways inside the library: each is a refusal."""
    try:
        yield
    except FileRefused:
        raise
    except Exception as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> FileRefused:
    reason = zipfile.BadZipFile.__name__ if isinstance(error, zipfile.BadZipFile) else str(error)
    return FileRefused(
        "unreadable_workbook",
        _(
            "The workbook cannot be read (%(error)s). Open it in Excel, save it again, or save "
            "it as CSV."
        )
        % {"error": reason[:100] or type(error).__name__},
    )
