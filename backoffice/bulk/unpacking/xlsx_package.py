"""What an Excel package may hold: checked before it is unpacked, and again while it is."""

import posixpath
import zipfile
from functools import cached_property
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
TYPES, LINKS = "[content_types].xml", "_rels/.rels"
# By the end of the type of a link: where most workbooks have the part.
USUAL = {"styles": "styles.xml", "sharedStrings": "sharedStrings.xml"}
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
        # Parts are named without regard to case (OPC, 6.2.2.3); some writers know Windows only.
        self._entries = {_plain(entry.filename): entry for entry in self._file.infolist()}
        self._structure, self._has_time_for_heads = 0, False
        self.opened: dict[str, int] = {}  # bytes of the parts that were opened, unpacked

    def has(self, name: str) -> bool:
        return _plain(name) in self._entries

    def elements(self, name: str, *paths: str) -> dict[str, list[dict[str, str]]]:
        """What a part says how others are to be read. Raises Refused for one too large."""
        # The unpacking never gives more than is claimed here.
        self._structure += self._entries[_plain(name)].file_size
        if self._structure > MOST_STRUCTURE:
            raise _too_large(self._structure, self._structure)
        return elements(self.open(name), *paths)

    def open(self, name: str) -> IO[bytes]:
        """A part, as a stream. The process may then take the time that its size needs."""
        entry = self._entries[_plain(name)]
        self.opened[entry.filename] = entry.file_size
        allow_time_for(entry.file_size)
        return self._file.open(entry)

    def open_head(self, name: str, most: int) -> IO[bytes]:
        """A part of which little is read; `most` bytes of all such parts together."""
        if not self._has_time_for_heads:
            self._has_time_for_heads = True
            allow_time_for(most)
        return self._file.open(self._entries[_plain(name)])

    @cached_property
    def book(self) -> str:
        """The part that lists the sheets. Raises Refused where there is none."""
        if self.has(BOOK):
            return BOOK
        if self.has(LINKS):
            for link in self.elements(LINKS, "Relationship")["Relationship"]:
                name = _plain(link.get("Target", ""))
                if link.get("Type", "").endswith("/officeDocument") and self._is_book(name):
                    return name
        raise Refused("no_workbook")

    def _is_book(self, name: str) -> bool:
        kinds = {_plain(each.get("PartName", "")): each for each in self.kinds}
        kind = kinds.get(name, {}).get("ContentType", "")
        return self.has(name) and name.endswith(".xml") and "spreadsheetml" in kind

    @cached_property
    def kinds(self) -> list[dict[str, str]]:
        """What each part says to be."""
        return self.elements(TYPES, "Override")["Override"] if self.has(TYPES) else []

    @cached_property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the book by their names, each with the part it leads to as `Target`."""
        folder, name = posixpath.split(self.book)
        links = f"{folder}/_rels/{name}.rels"
        if not self.has(links):
            return {}
        return {
            link.get("Id", ""): link
            | {"Target": posixpath.normpath(posixpath.join(f"/{folder}", link.get("Target", "")))}
            for link in self.elements(links, "Relationship")["Relationship"]
        }

    def part_of(self, kind: str) -> str:
        """The part with the styles or the shared texts of the book, blank for none."""
        linked = [
            link["Target"]
            for link in self.links.values()
            if link.get("Type", "").endswith(f"/{kind}")
        ]
        usual = posixpath.join(posixpath.dirname(self.book), USUAL[kind])
        return next(filter(self.has, [*linked, usual]), "")

    def check(self) -> None:
        """Raise Refused for what no table holds."""
        if not (self.has(BOOK) or self.has(LINKS)):
            raise Refused("no_workbook")
        if any("vbaproject" in name for name in self._entries):
            raise Refused("macros")
        if any(name.endswith(NESTED) for name in self._entries):
            raise Refused("archive_in_workbook")
        self._check_sizes()

    def _check_sizes(self) -> None:
        entries = self._file.infolist()
        besides = sum(e.file_size for e in entries if not _plain(e.filename).startswith(SHEETS))
        is_dense = any(
            e.file_size > SMALL and e.file_size > MOST_RATIO * max(e.compress_size, 1)
            for e in entries
        )
        unpacked = sum(entry.file_size for entry in entries)
        if is_dense or unpacked > MOST_UNPACKED or besides > MOST_IN_MEMORY:
            raise _too_large(unpacked, besides)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _too_large(size: float, besides: float) -> Refused:
    return Refused("workbook_unpacks_too_large", size=size / 1e6, besides=besides / 1e6)
