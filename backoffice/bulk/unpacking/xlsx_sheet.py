"""A sheet of a workbook as a stream of rows of text."""

import re
from collections.abc import Iterator

from backoffice.bulk.unpacking.number_formats import NumberFormat
from backoffice.bulk.unpacking.refusal import Refused
from backoffice.bulk.unpacking.xlsx_book import Book
from backoffice.bulk.unpacking.xlsx_values import (
    ERRORS,
    UNKNOWN_ERROR,
    column_number,
    moment_of,
    moment_of_text,
    moment_text,
    number_text,
)
from backoffice.bulk.unpacking.xml_parts import MAIN, PartStream

MAX_COLUMNS = 500
MOST_ROWS = 1_048_576  # of a sheet, in any version of Excel
MOST_ABOVE_HEADER = 10  # in sizes of the longest row: XML of blank rows, or of the heads of sheets
ROW, CELL, CELL_VALUE, FORMULA = f"{MAIN}row", f"{MAIN}c", f"{MAIN}v", f"{MAIN}f"
SIZE = f"{MAIN}dimension"
MOST_KNOWN, LONGEST_KNOWN = 10_000, 40  # numbers whose texts are remembered, and their characters
RANGE = re.compile(r"(?:[A-Z]+[0-9]+:)?([A-Z]+)([0-9]+)")
DIGITS = "0123456789"
YES = ("1", "true")


class Sheet(PartStream[tuple[int, list[str]]]):
    """Number and cells of each row, blank rows too; empty cells behind the last are left out.

    The number of a row that is hidden is below zero.
    """

    def __init__(self, book: Book, part: str, *, is_head: bool = False) -> None:
        most = MOST_ABOVE_HEADER * book.bounds.max_row_bytes
        package = book.package
        opened = package.open_head(part, most) if is_head else package.open(part)
        super().__init__(opened, book.bounds)
        self._book, self._is_head, self._most_above = book, is_head, most
        self._styles, self._shared = book.styles, book.shared
        self._number = self._last = self._column = 0
        self._most = min(MOST_ROWS, book.bounds.max_rows + 1)
        self._cells: list[str] = []
        self._cell: dict[str, str] | None = None
        self._numbers: dict[tuple[str, str], str] = {}
        self._is_in_row = self._has_formula = self._is_hidden = False
        self.expected = 0  # rows, as the sheet claims

    def rows(self) -> Iterator[tuple[int, list[str], int]]:
        """Number, cells and characters of each row. Raises Refused for more than a table has."""
        book, most, has_text = self._book, self._bounds.max_row_bytes, False
        most_together = book.most_characters
        if self._is_head:
            self._refuse_long_search(most)
        try:
            for line, cells in self.items():
                # Cells share texts: a row may be far longer than the XML it is written in.
                length = sum(map(len, cells))
                book.characters += length
                has_text = has_text or bool(length)
                if self._is_head or not has_text:
                    self._refuse_long_search(most)
                if length > most:
                    raise Refused("row_too_long", line=abs(line), length=length)
                if book.characters > most_together:
                    raise Refused("texts_too_large", most=most_together / 1e6)
                yield line, cells, length
        finally:
            if self._is_head:
                book.searched += self._part.tell()

    def _refuse_long_search(self, most: int) -> None:
        # Headers are read while somebody waits for a page.
        before = self._book.searched if self._is_head else 0
        if before + self._part.tell() > self._most_above:
            raise Refused("row_of_sheet_too_long", limit=most)

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
            self._begin_row(attributes)
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
        # What the sheet is can be seen of its head, whatever it claims.
        is_absurd = columns > MAX_COLUMNS or self.expected > self._bounds.max_rows + 1
        if is_absurd and not self._is_head:
            raise Refused("absurd_size", columns=columns, rows=self.expected)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        if self._is_in_row:
            raise Refused("too_deep")
        self._cells, self._column, self._is_in_row = [], 0, True
        place = attributes.get("r")
        self._number = int(float(place)) if place else self._number + 1
        self._is_hidden = attributes.get("hidden") in YES
        if self._number > self._most:
            raise Refused("row_out_of_reach", line=self._most + 1, most=self._most)

    def _end_row(self) -> None:
        self._is_in_row = False
        if self._column > MAX_COLUMNS:
            raise Refused("absurd_row", columns=self._column)
        if self._number > self._last:
            self._last = self._number
            self._items.append((-self._number if self._is_hidden else self._number, self._cells))
        elif self._cells:  # nobody could say which of two rows with one number counts
            raise Refused("row_out_of_order", line=self._number)

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
            return self._empty_text(cell, kind)
        if kind == "s":
            return self._shared[int(value)]
        if kind == "n":
            return self._number_text(value, cell.get("s", "0"))
        if kind == "b":
            return "TRUE" if value.strip().lower() in YES else "FALSE"
        if kind == "e":
            return value if value in ERRORS else UNKNOWN_ERROR
        return moment_text(moment_of_text(value)) if kind == "d" else value

    def _empty_text(self, cell: dict[str, str], kind: str) -> str:
        # An empty text is a value; of any other kind, nobody has computed it yet.
        if self._has_formula and kind != "str":
            if place := cell.get("r"):
                raise Refused("formula_in_cell_without_value", cell=place[:20])
            raise Refused("formula_without_value")
        return UNKNOWN_ERROR if kind == "e" else ""

    def _number_text(self, value: str, style: str) -> str:
        # Most columns repeat few numbers.
        known = self._numbers
        text = known.get((value, style))
        if text is None:
            text = self._read_number(value, style)
            if len(known) < MOST_KNOWN and len(value) + len(style) <= LONGEST_KNOWN:
                known[value, style] = text
        return text

    def _read_number(self, value: str, style: str) -> str:
        try:
            stored = number_text(value)
        except ValueError:
            # No spreadsheet writes it. A column of numbers refuses the text.
            return value if any(map(str.isdigit, value)) else "#NUM!"
        meaning = self._styles[style]
        if meaning is None:
            return stored
        if isinstance(meaning, NumberFormat):
            return stored if "e+" in stored else meaning.text_of(stored)
        try:
            return moment_text(moment_of(float(value), self._book.epoch, is_span=meaning))
        except (OverflowError, ValueError):
            return "#VALUE!"
