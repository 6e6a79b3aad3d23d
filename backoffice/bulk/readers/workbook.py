"""Excel workbooks: the first sheet as text, after the package was found to be harmless."""

import datetime
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from backoffice.bulk.faults import FileRefused
from backoffice.bulk.readers.base import Limits, Row, TableReader

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ARCHIVES = (
    b"\x1f\x8b",
    b"BZh",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\xfd7zXZ",
    b"%PDF",
    b"PK\x05\x06",
    b"PK\x07\x08",
)
MAX_UNPACKED = 1_000_000_000
MAX_RATIO = 200
MAX_COLUMNS = 500
DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+[0-9]+:)?([A-Z]+)([0-9]+)"')
NESTED = (".zip", ".gz", ".7z", ".rar", ".xlsx", ".jar")


def refuse_if_not_a_plain_table(path: Path) -> bool:
    """Whether the file is a workbook; False is "try it as text".

    Raises FileRefused for an encrypted or old Excel file, an archive, a PDF.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(ZIP):
        return True
    if start.startswith(OLE):
        raise FileRefused(
            "encrypted_or_old",
            _(
                "This is an encrypted or an old Excel file (.xls). Save it as .xlsx without a "
                "password, or as CSV."
            ),
        )
    if start.startswith(ARCHIVES):
        raise FileRefused(
            "not_a_table",
            _("This is an archive or a document, not a table. Upload a CSV or XLSX file."),
        )
    return False


def column_number(letters: bytes) -> int:
    """A = 1, Z = 26, AA = 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


class WorkbookReader(TableReader):
    """Reads the first sheet row by row; cached values of formulas, never the formulas."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._read = 0
        self._expected = 0

    def __enter__(self) -> "WorkbookReader":
        self._check_package()
        try:
            self._book = load_workbook(self.path, read_only=True, data_only=True, keep_links=False)
            sheet = self._book.worksheets[0]
            sheet.reset_dimensions()
            self._rows = sheet.iter_rows(values_only=True)
            self.header = self._trimmed(next(self._rows, ()))
        except FileRefused:
            raise
        except Exception as error:  # a damaged package fails in dozens of ways inside the library
            raise _unreadable(error) from None
        return self

    def __exit__(self, *_exception: object) -> None:
        self._book.close()

    def _check_package(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as package:
                entries = package.infolist()
                self._check_entries(entries)
                self._check_dimension(
                    package, [e for e in entries if e.filename.startswith("xl/worksheets/")]
                )
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise _unreadable(error) from None

    def _check_entries(self, entries: list[zipfile.ZipInfo]) -> None:
        names = [entry.filename for entry in entries]
        unpacked = sum(entry.file_size for entry in entries)
        if "xl/workbook.xml" not in names:
            raise FileRefused(
                "not_a_table",
                _("This archive is not an Excel workbook. Upload a CSV or XLSX file."),
            )
        if any("vbaproject" in name.lower() for name in names):
            raise FileRefused(
                "macros",
                _("The workbook holds macros. Save it as .xlsx without macros, or as CSV."),
            )
        if any(name.lower().endswith(NESTED) for name in names):
            raise FileRefused(
                "nested_archive", _("The workbook holds another archive. Save the table as CSV.")
            )
        if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(self.size, 10_000):
            raise FileRefused(
                "unpacks_too_large",
                _("The workbook would unpack to %(size).0f MB, which no honest table does.")
                % {"size": unpacked / 1e6},
            )

    def _check_dimension(self, package: zipfile.ZipFile, sheets: list[zipfile.ZipInfo]) -> None:
        for sheet in sheets:
            with package.open(sheet) as stream:
                declared = DIMENSION.search(stream.read(65_536))
            if not declared:
                continue
            columns, rows = column_number(declared.group(1)), int(declared.group(2))
            self._expected = max(self._expected, rows)
            if columns > MAX_COLUMNS or rows > self.limits.max_rows + 1:
                raise FileRefused(
                    "absurd_dimension",
                    _(
                        "The sheet claims %(columns)d columns and %(rows)d rows. Delete what "
                        "lies outside the table."
                    )
                    % {"columns": columns, "rows": rows},
                )

    def records(self) -> Iterator[Row]:
        """The rows of the sheet; a row's line is its number in the sheet."""
        try:
            for line, values in enumerate(self._rows, 2):
                self._read = line
                cells = self._trimmed(values)
                if cells:
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
    return FileRefused(
        "unreadable_workbook",
        _(
            "The workbook cannot be read (%(error)s). Open it in Excel, save it again, or save "
            "it as CSV."
        )
        % {"error": str(error)[:100] or type(error).__name__},
    )
