"""What an Excel package may hold: looked at before it is unpacked, and again while it is.

A package is a zip file that claims a size for each of its parts. The parts that the library reads
as a whole are bounded by these claims (the unpacking never gives more than is claimed); the sheet,
which is read as a stream, is watched while it flows: no text, tag or row beyond the limit of a row,
no row beyond the limit of rows. How a sheet writes its XML is its own affair, so whoever counts the
rows that come out of it counts them again.
"""

import re
import zipfile
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from backoffice.bulk.readers.base import MAX_COLUMNS, Limits
from backoffice.bulk.values.faults import FileRefused

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
NESTED = (".zip", ".gz", ".7z", ".rar", ".xlsx", ".jar")
SHEETS = "xl/worksheets/"
MOST_IN_MEMORY = 32_000_000  # bytes of all parts that are no sheets: texts, styles
MOST_UNPACKED = 1_000_000_000
MOST_STRUCTURE = 3_000_000  # bytes of the parts that say how the others are to be read
MOST_LISTED = 500_000  # bytes of the list of parts: some 6,000 of them
MOST_RATIO = 200
SMALL = 1_000_000  # bytes; below, any ratio is honest
MOST_ROWS = 1_048_576  # of a sheet, in any version of Excel
DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+[0-9]+:)?([A-Z]+)([0-9]+)"')
ROW_NUMBER = re.compile(rb'<row\b[^<>]*?\br="([0-9]{1,20})')
BARE_FORMULA = re.compile(
    rb"<c\b([^<>]*)>\s*<f\b(?:[^<>]*/>|[^<>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>"
)
DOCTYPE = b"<!DOCTYPE"
SHARED_TEXTS = "sharedstrings.xml"
# Where the two forms of a zip file's last record say how long its list of parts is.
LENGTH_OF_LIST = ((b"PK\x05\x06", 12, 4), (b"PK\x06\x06", 40, 8))
LAST_RECORDS = 66_000
OVERLAP = 2_000  # bytes looked at again, for what lies across two chunks


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


def unpacks_too_large(size: float, besides: float) -> FileRefused:
    """The refusal of a package that would fill the machine; sizes in bytes."""
    return FileRefused(
        "unpacks_too_large",
        _(
            "The workbook would unpack to %(size).0f MB, %(besides).0f MB of them beside "
            "the table. Save the table as CSV."
        )
        % {"size": size / 1e6, "besides": besides / 1e6},
    )


def row_too_far(row: int | str, most: int) -> FileRefused:
    """The refusal of a cell below the last row that can be read."""
    return FileRefused(
        "absurd_dimension",
        _(
            "The sheet has a cell in row %(row)s; no more than %(most)d rows can be "
            "read. Delete what lies outside the table."
        )
        % {"row": row, "most": most},
    )


def most_rows(limits: Limits) -> int:
    """The last row of a sheet that can be read."""
    return min(MOST_ROWS, limits.max_rows + 1)


def length_of_list(path: Path) -> int:
    """How many bytes the list of a zip file's parts claims, before it is read.

    Every record that may be the last one is believed: which is, the list itself would tell.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - LAST_RECORDS))
        tail = stream.read()
    starts = (
        (match.start() + place, width)
        for mark, place, width in LENGTH_OF_LIST
        for match in re.finditer(re.escape(mark), tail)
    )
    claimed = (int.from_bytes(tail[at : at + width], "little") for at, width in starts)
    return max(claimed, default=0)


def _refuse_crowd(path: Path) -> None:
    """Raise FileRefused for a package of more parts than any table needs."""
    if length_of_list(path) > MOST_LISTED:
        raise FileRefused(
            "unpacks_too_large",
            _("The workbook consists of too many parts. Save the table as CSV."),
        )


class Package(zipfile.ZipFile):
    """A zip file that gives the library what makes up a workbook, and then its sheet, guarded."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.opened: list[Any] = []
        _refuse_crowd(path)
        super().__init__(path)
        self.limits = limits
        self.structure = 0

    def close(self) -> None:
        """Close the file; no part stays open, however far it was read."""
        for part in self.opened:
            part.close()
        super().close()

    def open(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        """A part that is read as a whole, if it is not too large for that."""
        entry = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if not entry.filename.lower().endswith(SHARED_TEXTS):
            self.structure += entry.file_size
        if self.structure > MOST_STRUCTURE:
            raise unpacks_too_large(self.structure, self.structure)
        return self._plain(entry, *args, **kwargs)

    def open_sheet(self, name: str) -> "GuardedSheet":
        """A part as a stream."""
        return GuardedSheet(self._plain(self.getinfo(name)), self.limits)

    def _plain(self, entry: zipfile.ZipInfo, *args: Any, **kwargs: Any) -> Any:
        """A part that declares nothing of its own, such as texts that stand for other texts."""
        part = super().open(entry, *args, **kwargs)
        self.opened.append(part)
        if DOCTYPE in part.peek(1_024)[:1_024]:
            raise FileRefused(
                "unreadable_workbook",
                _("The workbook holds XML that no spreadsheet writes. Save the table as CSV."),
            )
        return part

    def check(self) -> int:
        """Refuse what no honest table holds; gives the number of rows the sheets claim."""
        self._check_names()
        self._check_sizes()
        sheets = [entry for entry in self.infolist() if entry.filename.startswith(SHEETS)]
        return max((self._claimed_rows(sheet) for sheet in sheets), default=0)

    def _check_names(self) -> None:
        names = [entry.filename for entry in self.infolist()]
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

    def _check_sizes(self) -> None:
        entries = self.infolist()
        besides = sum(e.file_size for e in entries if not e.filename.startswith(SHEETS))
        is_dense = any(
            e.file_size > SMALL and e.file_size > MOST_RATIO * max(e.compress_size, 1)
            for e in entries
        )
        unpacked = sum(entry.file_size for entry in entries)
        if is_dense or unpacked > MOST_UNPACKED or besides > MOST_IN_MEMORY:
            raise unpacks_too_large(unpacked, besides)

    def _claimed_rows(self, sheet: zipfile.ZipInfo) -> int:
        with super().open(sheet) as stream:
            declared = DIMENSION.search(stream.read(65_536))
        if not declared:
            return 0
        columns, rows = column_number(declared.group(1)), int(declared.group(2))
        if columns > MAX_COLUMNS or rows > self.limits.max_rows + 1:
            raise FileRefused(
                "absurd_dimension",
                _(
                    "The sheet claims %(columns)d columns and %(rows)d rows. Delete what lies "
                    "outside the table."
                )
                % {"columns": columns, "rows": rows},
            )
        return rows


def column_number(name: bytes) -> int:
    """A = 1, Z = 26, AA = 27."""
    number = 0
    for code in name:
        number = number * 26 + code - 64
    return number


class GuardedSheet:
    """A sheet as a stream of XML that stops where no honest table goes on."""

    def __init__(self, part: IO[bytes], limits: Limits) -> None:
        self.part, self.limits = part, limits
        self.tail = b""
        self.since_tag = self.since_row = 0

    def __enter__(self) -> "GuardedSheet":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the part."""
        self.part.close()

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises FileRefused for a text, a tag, a row or a number out of bounds."""
        chunk = self.part.read(min(size, 65_536) if size > 0 else 65_536)
        if not chunk:
            return b""
        window = self.tail + chunk
        self._check_lengths(chunk)
        self._check_numbers(window)
        self._check_formulas(window)
        self.tail = window[-OVERLAP:]
        return chunk

    def _check_lengths(self, chunk: bytes) -> None:
        tag, row = chunk.rfind(b"<"), chunk.rfind(b"<row")
        self.since_tag = len(chunk) - tag if tag >= 0 else self.since_tag + len(chunk)
        self.since_row = len(chunk) - row if row >= 0 else self.since_row + len(chunk)
        # Ten bytes of XML for each byte of text, at the least, is what tags take.
        if self.since_tag > self.limits.max_row_bytes or (
            self.since_row > 10 * self.limits.max_row_bytes + 65_536
        ):
            raise FileRefused(
                "row_too_long",
                _(
                    "A row of the sheet is longer than %(limit)d bytes. Delete what lies outside "
                    "the table."
                )
                % {"limit": self.limits.max_row_bytes},
            )

    def _check_numbers(self, window: bytes) -> None:
        most = most_rows(self.limits)
        for number in ROW_NUMBER.findall(window):
            if int(number) > most:
                raise row_too_far(number.decode(), most)

    def _check_formulas(self, window: bytes) -> None:
        formula = BARE_FORMULA.search(window)
        if formula and b't="str"' not in formula.group(1):
            place = re.search(rb'\br="([A-Z]{1,3}[0-9]{1,7})"', formula.group(1))
            raise FileRefused(
                "formula_without_value",
                _(
                    "The formula%(place)s has no stored value. Open the workbook in a "
                    "spreadsheet and save it again, or save it as CSV."
                )
                % {"place": f" in {place.group(1).decode()}" if place else ""},
            )
