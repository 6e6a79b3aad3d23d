"""The first sheet of a workbook as a stream of rows of text, with what its cells refer to."""

import posixpath
import re
from collections.abc import Iterator
from typing import IO

from backoffice.bulk.unpacking.refusal import Bounds, Refused
from backoffice.bulk.unpacking.xlsx_package import BOOK, Package
from backoffice.bulk.unpacking.xlsx_values import (
    BUILTIN_DATES,
    LONGEST_FORMAT,
    MAC_EPOCH,
    WINDOWS_EPOCH,
    column_number,
    date_style,
    moment_of,
    moment_of_text,
    moment_text,
)
from backoffice.bulk.unpacking.xml_parts import MAIN, PartStream

MAX_COLUMNS = 500
MOST_ROWS = 1_048_576  # of a sheet, in any version of Excel
# Of all cells together: in sizes of the XML that refers to it, in bytes that are few whatever that
# is, and in sizes of the largest file.
MOST_TEXT_OF_XML, LITTLE_TEXT, MOST_TEXT_OF_FILES = 10, 50_000_000, 4
MOST_ABOVE_HEADER = 10  # in sizes of the longest row: XML of blank rows
LINK = "relationships}id"
ROW, CELL, CELL_VALUE, FORMULA = f"{MAIN}row", f"{MAIN}c", f"{MAIN}v", f"{MAIN}f"
ITEM, SIZE = f"{MAIN}si", f"{MAIN}dimension"
TYPES, LINKS, STYLES = "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"
SHARED_TEXTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
RANGE = re.compile(r"(?:[A-Z]+[0-9]+:)?([A-Z]+)([0-9]+)")
# How a workbook writes an underscore that could be taken for the beginning of a character's code.
UNDERSCORE = "x005F_"
DIGITS = "0123456789"
NO = ("0", "f", "false")


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


class Sheet(PartStream[tuple[int, list[str]]]):
    """Number and cells of each row, blank rows too; empty cells behind the last are left out."""

    def __init__(self, package: Package) -> None:
        self._package = package
        book = package.elements(BOOK, "workbookPr", "sheets/sheet")
        super().__init__(package.open(_first_sheet(book["sheets/sheet"], package)), package.bounds)
        properties = book["workbookPr"]
        starts_late = bool(properties) and properties[0].get("date1904", "0") not in NO
        self._epoch = MAC_EPOCH if starts_late else WINDOWS_EPOCH
        self._date_styles = _date_styles(package)
        self._shared = _shared_texts(package)
        self._number = self._last = self._column = 0
        self._most = min(MOST_ROWS, package.bounds.max_rows + 1)
        self._cells: list[str] = []
        self._cell: dict[str, str] | None = None
        self._is_in_row = self._has_formula = False
        self.expected = 0  # rows, as the sheet claims

    def rows(self) -> Iterator[tuple[int, list[str], int]]:
        """Number, cells and characters of each row. Raises Refused for more than a table has."""
        most, total = self._bounds.max_row_bytes, 0
        most_together = min(
            MOST_TEXT_OF_FILES * self._bounds.max_bytes,
            max(LITTLE_TEXT, MOST_TEXT_OF_XML * self._package.opened),
        )
        for line, cells in self.items():
            # Cells share texts: a row may be far longer than the XML it is written in.
            length = sum(map(len, cells))
            total += length
            # The header is read while somebody waits for a page.
            if not total and self._part.tell() > MOST_ABOVE_HEADER * most:
                raise Refused("row_of_sheet_too_long", limit=most)
            if length > most:
                raise Refused("row_too_long", line=line, length=length)
            if total > most_together:
                raise Refused("texts_too_large", most=most_together / 1e6)
            yield line, cells, length

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == CELL:
            if self._cell is not None:
                raise Refused("too_deep")
            self._cell, self._has_formula = attributes, False
        elif name == CELL_VALUE:
            if self._parser.CharacterDataHandler:
                raise Refused("too_deep")
            self._parser.CharacterDataHandler = self._texts.append
        elif name == ROW:
            self._begin_row(attributes.get("r"))
        else:
            super()._start(name, attributes)
            if name == FORMULA:
                self._has_formula = True
            elif name == SIZE:
                self._check_claim(attributes.get("ref", ""))

    def _end(self, name: str) -> None:
        if name == CELL:
            self._end_cell(self._cell or {})
        elif name == CELL_VALUE:
            self._parser.CharacterDataHandler = None
        elif name == ROW:
            self._end_row()
        else:
            super()._end(name)

    def _check_claim(self, size: str) -> None:
        claim = RANGE.match(size)
        if not claim:
            return
        columns, self.expected = column_number(claim[1]), int(claim[2])
        if columns > MAX_COLUMNS or self.expected > self._bounds.max_rows + 1:
            raise Refused("absurd_size", columns=columns, rows=self.expected)

    def _begin_row(self, place: str | None) -> None:
        if self._is_in_row:
            raise Refused("too_deep")
        self._cells, self._column, self._is_in_row = [], 0, True
        self._number = int(float(place)) if place else self._number + 1
        if self._number > self._most:
            raise Refused("row_out_of_reach", line=self._most + 1, most=self._most)

    def _end_row(self) -> None:
        self._is_in_row = False
        if self._column > MAX_COLUMNS:
            raise Refused("absurd_row", columns=self._column)
        if self._number > self._last:  # of two rows with one number the first counts
            self._last = self._number
            self._items.append((self._number, self._cells))

    def _end_cell(self, cell: dict[str, str]) -> None:
        text, place = self._cell_text(cell, self._text()), cell.get("r", "").rstrip(DIGITS)
        self._cell = None
        self._column = column_number(place) if place else self._column + 1
        if text and self._column <= MAX_COLUMNS:
            self._cells.extend([""] * (self._column - len(self._cells)))
            self._cells[self._column - 1] = text

    def _cell_text(self, cell: dict[str, str], value: str) -> str:
        kind = cell.get("t", "n")
        if not value:
            # An empty text is a value; of any other kind, nobody has computed it yet.
            if self._has_formula and kind != "str":
                if place := cell.get("r"):
                    raise Refused("formula_in_cell_without_value", cell=place[:20])
                raise Refused("formula_without_value")
            return ""
        if kind == "s":
            return self._shared[int(value)]
        if kind == "n":
            return self._number_text(value, cell.get("s", "0"))
        if kind == "b":
            return "TRUE" if int(value) else "FALSE"
        return moment_text(moment_of_text(value)) if kind == "d" else value

    def _number_text(self, value: str, style: str) -> str:
        number = float(value) if "." in value or "E" in value.upper() else int(value)
        if style in self._date_styles:
            try:
                is_span = self._date_styles[style]
                return moment_text(moment_of(number, self._epoch, is_span=is_span))
            except (OverflowError, ValueError):
                return "#VALUE!"
        is_whole = isinstance(number, int) or (number.is_integer() and abs(number) < 1e15)
        return str(int(number)) if is_whole else str(number)


def _first_sheet(sheets: list[dict[str, str]], package: Package) -> str:
    """The part of the first sheet, hidden or not. Raises Refused where there is none."""
    listed = package.elements(LINKS, "Relationship")["Relationship"]
    links = {link.get("Id", ""): link for link in listed}
    for sheet in sheets:
        linked = next((value for name, value in sheet.items() if name.endswith(LINK)), "")
        if linked:
            link = links[linked]
            name = posixpath.normpath(posixpath.join("/xl", link.get("Target", ""))).lstrip("/")
            if name in package.names and "chartsheet" not in link.get("Type", ""):
                return name
    raise Refused("no_sheet")


def _shared_texts(package: Package) -> SharedTexts | list[str]:
    for part in package.elements(TYPES, "Override")["Override"]:
        if part.get("ContentType") == SHARED_TEXTS:
            return SharedTexts(package.open(part.get("PartName", "").lstrip("/")), package.bounds)
    return []


def _date_styles(package: Package) -> dict[str, bool]:
    """The numbers of the styles that make a number a date, and whether it is a span of time."""
    if STYLES not in package.names:
        return {}
    styles = package.elements(STYLES, "numFmts/numFmt", "cellXfs/xf")
    formats: dict[str, bool | None] = {str(number): n for number, n in BUILTIN_DATES.items()}
    for each in styles["numFmts/numFmt"]:
        code = each.get("formatCode", "")
        if len(code) > LONGEST_FORMAT:
            raise Refused("format_too_long", most=LONGEST_FORMAT)
        formats[each.get("numFmtId", "")] = date_style(code)
    used = [formats.get(each.get("numFmtId", "0")) for each in styles["cellXfs/xf"]]
    return {str(at): is_span for at, is_span in enumerate(used) if is_span is not None}
