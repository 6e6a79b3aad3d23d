"""What an Excel package may hold: checked before it is unpacked, and again while it is."""

import zipfile
from typing import IO

from backoffice.bulk.unpacking.confinement import allow_time_for
from backoffice.bulk.unpacking.refusal import Bounds, Refused
from backoffice.bulk.unpacking.xml_parts import elements
from backoffice.bulk.unpacking.zip_file import (
    MOST_RATIO,
    MOST_UNPACKED,
    NESTED,
    SMALL,
    length_of_list,
)

BOOK, SHEETS = "xl/workbook.xml", "xl/worksheets/"
MOST_IN_MEMORY = 32_000_000  # bytes of all parts that are no sheets: texts, styles
MOST_STRUCTURE = 3_000_000  # bytes of the parts that say how the others are to be read
MOST_LISTED = 500_000  # bytes of the list of parts: some 6,000 of them


class Package:
    """The zip file of a workbook, which gives each of its parts guarded."""

    def __init__(self, file: IO[bytes], bounds: Bounds) -> None:
        if length_of_list(file) > MOST_LISTED:
            raise Refused("too_many_parts")
        self.bounds = bounds
        self._file = zipfile.ZipFile(file)
        self.names = frozenset(self._file.namelist())
        self._structure = 0
        self.opened = 0  # bytes of all parts that were opened, unpacked

    def elements(self, name: str, *paths: str) -> dict[str, list[dict[str, str]]]:
        """What a part says how others are to be read. Raises Refused for one too large."""
        # The unpacking never gives more than is claimed here.
        self._structure += self._file.getinfo(name).file_size
        if self._structure > MOST_STRUCTURE:
            raise _too_large(self._structure, self._structure)
        return elements(self.open(name), *paths)

    def open(self, name: str) -> IO[bytes]:
        """A part, as a stream. The process may then take the time that its size needs."""
        size = self._file.getinfo(name).file_size
        self.opened += size
        allow_time_for(size)
        return self._file.open(name)

    def check(self) -> None:
        """Raise Refused for what no table holds."""
        self._check_names()
        self._check_sizes()

    def _check_names(self) -> None:
        if BOOK not in self.names:
            raise Refused("no_workbook")
        if any("vbaproject" in name.lower() for name in self.names):
            raise Refused("macros")
        if any(name.lower().endswith(NESTED) for name in self.names):
            raise Refused("archive_in_workbook")

    def _check_sizes(self) -> None:
        entries = self._file.infolist()
        besides = sum(e.file_size for e in entries if not e.filename.startswith(SHEETS))
        is_dense = any(
            e.file_size > SMALL and e.file_size > MOST_RATIO * max(e.compress_size, 1)
            for e in entries
        )
        unpacked = sum(entry.file_size for entry in entries)
        if is_dense or unpacked > MOST_UNPACKED or besides > MOST_IN_MEMORY:
            raise _too_large(unpacked, besides)


def _too_large(size: float, besides: float) -> Refused:
    return Refused("workbook_unpacks_too_large", size=size / 1e6, besides=besides / 1e6)
