"""A workbook: the list of its sheets, and what the cells of all of them refer to."""

from functools import cached_property
from typing import IO, NamedTuple

from backoffice.bulk.unpacking.refusal import Bounds, Refused
from backoffice.bulk.unpacking.xlsx_package import Package
from backoffice.bulk.unpacking.xlsx_styles import Styles, styles_of
from backoffice.bulk.unpacking.xlsx_values import MAC_EPOCH, WINDOWS_EPOCH
from backoffice.bulk.unpacking.xml_parts import MAIN, PartStream

MOST_SHEETS = 200
LONGEST_NAME = 200  # characters of a sheet's name; Excel takes 31
# Of all cells together: in sizes of the XML that refers to it, in bytes that are few whatever that
# is, and in sizes of the largest file.
MOST_TEXT_OF_XML, LITTLE_TEXT, MOST_TEXT_OF_FILES = 10, 50_000_000, 4
LINK = "relationships}id"
ITEM = f"{MAIN}si"
SHARED_TEXTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
# How a workbook writes an underscore that could be taken for the beginning of a character's code.
UNDERSCORE = "x005F_"
NO = ("0", "f", "false")
HIDDEN = ("hidden", "veryHidden")


class SharedTexts(PartStream[str]):
    """The texts that cells share, by their number, read as far as they are asked for."""

    def __init__(self, part: IO[bytes], bounds: Bounds) -> None:
        super().__init__(part, bounds)
        self._unread = self.items()
        self._known: list[str] = []

    def __getitem__(self, number: int) -> str:
        """One text. Raises IndexError where there is none."""
        if number < 0:
            raise IndexError(number)
        while number >= len(self._known) and (text := next(self._unread, None)) is not None:
            self._known.append(text)
        return self._known[number]

    def _end(self, name: str) -> None:
        super()._end(name)
        if name == ITEM:
            self._items.append(self._text().replace(UNDERSCORE, ""))


class SheetEntry(NamedTuple):
    """A sheet as the book lists it; `part` is blank for one that has no cells, or is not there."""

    name: str
    part: str
    is_hidden: bool
    is_chart: bool


class Book:
    """An opened workbook. Raises Refused for one with more sheets than anybody fills."""

    def __init__(self, package: Package) -> None:
        self.package, self.bounds = package, package.bounds
        self.characters = 0  # of the texts of all cells so far
        self.searched = 0  # bytes of XML that were read in search of headers
        parts = package.elements(package.book, "workbookPr", "sheets/sheet")
        properties = parts["workbookPr"]
        starts_late = bool(properties) and properties[0].get("date1904", "0") not in NO
        self.epoch = MAC_EPOCH if starts_late else WINDOWS_EPOCH
        self.sheets = [self._entry(each) for each in parts["sheets/sheet"]]
        if len(self.sheets) > MOST_SHEETS:
            raise Refused("too_many_sheets", count=len(self.sheets), most=MOST_SHEETS)
        parts_of_sheets = [each.part.lower() for each in self.sheets if each.part]
        if not parts_of_sheets:
            raise Refused("no_sheet")
        # Else a small part could be read without end.
        if len(set(parts_of_sheets)) < len(parts_of_sheets):
            raise Refused("repeated_sheet")

    def _entry(self, sheet: dict[str, str]) -> SheetEntry:
        linked = next((value for name, value in sheet.items() if name.endswith(LINK)), "")
        link = self.package.links.get(linked, {})
        is_chart = link.get("Type", "").endswith(("chartsheet", "dialogsheet"))
        target = link.get("Target", "")
        part = target if target and not is_chart and self.package.has(target) else ""
        is_hidden = sheet.get("state", "") in HIDDEN
        return SheetEntry(sheet.get("name", "")[:LONGEST_NAME], part, is_hidden, is_chart)

    @cached_property
    def styles(self) -> Styles:
        return styles_of(self.package)

    @cached_property
    def shared(self) -> SharedTexts | list[str]:
        """The texts that cells share; none where the package has no such part."""
        named = (each for each in self.package.kinds if each.get("ContentType") == SHARED_TEXTS)
        parts = [part["PartName"] for part in named if self.package.has(part.get("PartName", ""))]
        part = next(iter(parts), "") or self.package.part_of("sharedStrings")
        return SharedTexts(self.package.open(part), self.bounds) if part else []

    @property
    def most_characters(self) -> int:
        """How much text the cells of all sheets may have together."""
        xml = sum(self.package.opened.values())
        fits = max(LITTLE_TEXT, MOST_TEXT_OF_XML * xml)
        return min(MOST_TEXT_OF_FILES * self.bounds.max_bytes, fits)
