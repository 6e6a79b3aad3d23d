"""What an Excel package may hold: checked before it is unpacked, and again while it is."""

import re
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from django.utils.translation import gettext as _
from openpyxl.utils.cell import column_index_from_string

from backoffice.bulk.readers.base import MAX_COLUMNS, Limits
from backoffice.bulk.values.faults import FileRefused

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ARCHIVES = (b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"PK\x05\x06", b"PK\x07\x08")
PDF = b"%PDF"
NESTED = (".zip", ".gz", ".7z", ".rar", ".xlsx", ".jar")
BOOK, SHEETS = "xl/workbook.xml", "xl/worksheets/"
MOST_IN_MEMORY = 32_000_000  # bytes of all parts that are no sheets: texts, styles
MOST_UNPACKED = 1_000_000_000
MOST_STRUCTURE = 3_000_000  # bytes of the parts that say how the others are to be read
MOST_LISTED = 500_000  # bytes of the list of parts: some 6,000 of them
MOST_RATIO = 200
SMALL = 1_000_000  # bytes; below, any ratio is honest
MOST_ROWS = 1_048_576  # of a sheet, in any version of Excel
DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+[0-9]+:)?([A-Z]+)([0-9]+)"')
# Where the two forms of a zip file's last record say how long its list of parts is.
LENGTH_OF_LIST = ((b"PK\x05\x06", 12, 4), (b"PK\x06\x06", 40, 8))
LAST_RECORDS = 66_000


def refuse_if_not_a_plain_table(path: Path) -> bool:
    """Whether the file is a workbook; false is text. Raises FileRefused for what is neither."""
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
    if start.startswith((*ARCHIVES, PDF)):
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


def length_of_list(path: Path) -> int:
    """How many bytes the list of a zip file's parts claims, before it is read."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - LAST_RECORDS))
        tail = stream.read()
    starts = (
        (match.start() + place, width)
        for mark, place, width in LENGTH_OF_LIST
        for match in re.finditer(re.escape(mark), tail)
    )
    # Every record that may be the last one counts: which is, only the list itself would tell.
    claimed = (int.from_bytes(tail[at : at + width], "little") for at, width in starts)
    return max(claimed, default=0)


def refuse_doctype(*_declared: object) -> None:
    """Raise FileRefused: a document type may declare texts that stand for others, without end."""
    raise FileRefused(
        "unreadable_workbook",
        _("The workbook holds XML that no spreadsheet writes. Save the table as CSV."),
    )


class PlainTree(TreeBuilder):
    """Builds the tree of a part that declares no document type."""

    # Found by the parser, as it may stand behind any comment and in any encoding.
    doctype = staticmethod(refuse_doctype)


class Package:
    """The zip file of a workbook, which gives each of its parts guarded."""

    def __init__(self, path: Path, limits: Limits) -> None:
        if length_of_list(path) > MOST_LISTED:
            raise FileRefused(
                "unpacks_too_large",
                _("The workbook consists of too many parts. Save the table as CSV."),
            )
        self.limits = limits
        # Closes parts too, however far they were read.
        self._opened = ExitStack()
        self._file = self._opened.enter_context(zipfile.ZipFile(path))
        self.names = frozenset(self._file.namelist())
        self._structure = 0

    def close(self) -> None:
        self._opened.close()

    def tree(self, name: str) -> Element:
        """A part that says how others are to be read. Raises FileRefused for one too large."""
        # The unpacking never gives more than is claimed here.
        self._structure += self._file.getinfo(name).file_size
        if self._structure > MOST_STRUCTURE:
            raise unpacks_too_large(self._structure, self._structure)
        return ElementTree.parse(self.open(name), XMLParser(target=PlainTree())).getroot()

    def open(self, name: str) -> IO[bytes]:
        return self._opened.enter_context(self._file.open(name))

    def check(self) -> int:
        """The number of rows that the sheets claim. Raises FileRefused for what no table holds."""
        self._check_names()
        self._check_sizes()
        sheets = [entry for entry in self._file.infolist() if entry.filename.startswith(SHEETS)]
        return max((self._claimed_rows(sheet) for sheet in sheets), default=0)

    def _check_names(self) -> None:
        if BOOK not in self.names:
            raise FileRefused(
                "not_a_table",
                _("This archive is not an Excel workbook. Upload a CSV or XLSX file."),
            )
        if any("vbaproject" in name.lower() for name in self.names):
            raise FileRefused(
                "macros",
                _("The workbook holds macros. Save it as .xlsx without macros, or as CSV."),
            )
        if any(name.lower().endswith(NESTED) for name in self.names):
            raise FileRefused(
                "nested_archive", _("The workbook holds another archive. Save the table as CSV.")
            )

    def _check_sizes(self) -> None:
        entries = self._file.infolist()
        besides = sum(e.file_size for e in entries if not e.filename.startswith(SHEETS))
        is_dense = any(
            e.file_size > SMALL and e.file_size > MOST_RATIO * max(e.compress_size, 1)
            for e in entries
        )
        unpacked = sum(entry.file_size for entry in entries)
        if is_dense or unpacked > MOST_UNPACKED or besides > MOST_IN_MEMORY:
            raise unpacks_too_large(unpacked, besides)

    def _claimed_rows(self, sheet: zipfile.ZipInfo) -> int:
        with self._file.open(sheet) as stream:
            declared = DIMENSION.search(stream.read(65_536))
        if not declared:
            return 0
        columns = column_index_from_string(declared.group(1).decode())
        rows = int(declared.group(2))
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
