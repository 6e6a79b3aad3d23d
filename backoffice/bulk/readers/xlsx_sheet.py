"""The first sheet of a workbook as a stream of rows of text, with what its cells refer to."""

import datetime
import posixpath
from collections.abc import Iterator
from typing import IO, Generic, TypeVar
from xml.etree.ElementTree import Element
from xml.parsers.expat import ParserCreate

from django.utils.translation import gettext as _
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601

from backoffice.bulk.readers.base import MAX_COLUMNS, Limits
from backoffice.bulk.readers.xlsx_guard import BOOK, MOST_ROWS, Package, refuse_doctype
from backoffice.bulk.values.faults import FileRefused

Item = TypeVar("Item")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
ROW, CELL, CELL_VALUE, FORMULA = f"{MAIN}row", f"{MAIN}c", f"{MAIN}v", f"{MAIN}f"
ITEM, TEXT, SOUND = f"{MAIN}si", f"{MAIN}t", f"{MAIN}rPh"
CHUNK = 16_384  # bytes
TYPES, LINKS, STYLES = "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"
SHARED_TEXTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
# How a workbook writes an underscore that could be taken for the beginning of a character's code.
UNDERSCORE = "x005F_"
DIGITS = "0123456789"
NO = ("0", "f", "false")


class PartStream(Generic[Item]):
    """A part of a workbook as a stream of items, parsed without a tree."""

    def __init__(self, part: IO[bytes], limits: Limits) -> None:
        self._part, self._limits = part, limits
        self._items: list[Item] = []
        self._texts: list[str] = []  # of the item under way
        self._parser = ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        # A document type may stand behind any comment, in any encoding.
        self._parser.StartDoctypeDeclHandler = refuse_doctype
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end

    def items(self) -> Iterator[Item]:
        """Each item once. Raises FileRefused for a longer text, tag or item than any honest row."""
        most = self._limits.max_row_bytes
        since_tag = since_item = 0
        while chunk := self._part.read(CHUNK):
            tag_at = chunk.rfind(b"<")
            since_tag = len(chunk) - tag_at if tag_at >= 0 else since_tag + len(chunk)
            since_item += len(chunk)
            # Ten bytes of XML for each byte of text, at the least, is what tags take.
            if since_tag > most or since_item > 10 * most + 65_536:
                raise FileRefused(
                    "row_too_long",
                    _(
                        "A row of the sheet is longer than %(limit)d bytes. Delete what lies "
                        "outside the table."
                    )
                    % {"limit": most},
                )
            try:
                self._parser.Parse(chunk)
            finally:  # what stands before a fault is read before it
                items, self._items = self._items, []
                yield from items
            since_item = 0 if items else since_item
        self._parser.Parse(b"", True)  # refuses a part that breaks off

    def _begin(self, root: str, _attributes: dict[str, str]) -> None:
        """The outermost element tells the namespace: there are two dialects."""
        self._parser.StartElementHandler = self._start
        if root.startswith(STRICT):
            size = len(STRICT)
            self._parser.StartElementHandler = lambda name, a: self._start(MAIN + name[size:], a)
            self._parser.EndElementHandler = lambda name: self._end(MAIN + name[size:])

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == TEXT:
            self._parser.CharacterDataHandler = self._texts.append
        elif name == SOUND:
            self._before_sound = len(self._texts)

    def _end(self, name: str) -> None:
        if name == TEXT:
            self._parser.CharacterDataHandler = None
        elif name == SOUND:  # how the text is pronounced
            del self._texts[self._before_sound :]

    def _text(self) -> str:
        text = "".join(self._texts)
        self._texts.clear()
        return text


class SharedTexts(PartStream[str]):
    """The texts that cells share, by their number, read as far as they are asked for."""

    def __init__(self, part: IO[bytes], limits: Limits) -> None:
        super().__init__(part, limits)
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
        book = package.tree(BOOK)
        super().__init__(package.open(_first_sheet(book, package)), package.limits)
        properties = book.find(f"{{{MAIN}workbookPr")
        starts_late = properties is not None and properties.get("date1904", "0") not in NO
        self._epoch = MAC_EPOCH if starts_late else WINDOWS_EPOCH
        self._date_styles = _date_styles(package)
        self._shared = _shared_texts(package)
        self._number = self._last = self._column = 0
        self._most = min(MOST_ROWS, package.limits.max_rows + 1)
        self._cells: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == CELL:
            self._cell, self._has_formula = attributes, False
        elif name == CELL_VALUE:
            self._parser.CharacterDataHandler = self._texts.append
        elif name == FORMULA:
            self._has_formula = True
        elif name == ROW:
            self._begin_row(attributes.get("r"))
        else:
            super()._start(name, attributes)

    def _end(self, name: str) -> None:
        if name == CELL:
            text, place = self._cell_text(self._text()), self._cell.get("r", "").rstrip(DIGITS)
            self._column = column_index_from_string(place) if place else self._column + 1
            if text and self._column <= MAX_COLUMNS:
                self._cells.extend([""] * (self._column - len(self._cells)))
                self._cells[self._column - 1] = text
        elif name == CELL_VALUE:
            self._parser.CharacterDataHandler = None
        elif name == ROW:
            self._end_row()
        else:
            super()._end(name)

    def _begin_row(self, place: str | None) -> None:
        self._cells, self._column = [], 0
        self._number = int(float(place)) if place else self._number + 1
        if self._number > self._most:
            raise FileRefused(
                "absurd_dimension",
                _(
                    "The sheet has a cell in row %(row)s; no more than %(most)d rows can be "
                    "read. Delete what lies outside the table."
                )
                % {"row": _("%(line)d or below") % {"line": self._most + 1}, "most": self._most},
            )

    def _end_row(self) -> None:
        if self._column > MAX_COLUMNS:
            raise FileRefused(
                "absurd_dimension",
                _("A row has %(columns)d cells. Delete what lies outside the table.")
                % {"columns": self._column},
            )
        if self._number > self._last:  # of two rows with one number the first counts
            self._last = self._number
            self._items.append((self._number, self._cells))

    def _cell_text(self, value: str) -> str:
        kind = self._cell.get("t", "n")
        if not value:
            # An empty text is a value; of any other kind, nobody has computed it yet.
            if self._has_formula and kind != "str":
                place = self._cell.get("r")
                raise FileRefused(
                    "formula_without_value",
                    _(
                        "The formula%(place)s has no stored value. Open the workbook in a "
                        "spreadsheet and save it again, or save it as CSV."
                    )
                    % {"place": f" in {place}" if place else ""},
                )
            return ""
        if kind == "s":
            return self._shared[int(value)]
        if kind == "n":
            return self._number_text(value, self._cell.get("s", "0"))
        if kind == "b":
            return "TRUE" if int(value) else "FALSE"
        return date_text(from_ISO8601(value)) if kind == "d" else value

    def _number_text(self, value: str, style: str) -> str:
        number = float(value) if "." in value or "E" in value.upper() else int(value)
        if style in self._date_styles:
            try:
                return date_text(
                    from_excel(number, self._epoch, timedelta=self._date_styles[style])
                )
            except (OverflowError, ValueError):
                return "#VALUE!"
        is_whole = isinstance(number, int) or (number.is_integer() and abs(number) < 1e15)
        return str(int(number)) if is_whole else str(number)


def _first_sheet(book: Element, package: Package) -> str:
    """The part of the first sheet, hidden or not. Raises FileRefused where there is none."""
    links = {link.get("Id"): link for link in package.tree(LINKS)}
    for sheet in book.iterfind(f"{{{MAIN}sheets/{{{MAIN}sheet"):
        if sheet.get(LINK):
            link = links[sheet.get(LINK)]
            name = posixpath.normpath(posixpath.join("/xl", link.get("Target", ""))).lstrip("/")
            if name in package.names and "chartsheet" not in link.get("Type", ""):
                return name
    raise FileRefused("unreadable_workbook", _("The workbook has no sheet. Save the table as CSV."))


def _shared_texts(package: Package) -> SharedTexts | list[str]:
    for part in package.tree(TYPES):
        if part.get("ContentType") == SHARED_TEXTS:
            name = part.get("PartName", "").lstrip("/")
            # Open as long as the package is: they are read while the cells are.
            return SharedTexts(package.open(name), package.limits)
    return []


def _date_styles(package: Package) -> dict[str, bool]:
    """The numbers of the styles that make a number a date, and whether it is a span of time."""
    if STYLES not in package.names:
        return {}
    styles = package.tree(STYLES)
    formats: dict[str, str] = {str(number): code for number, code in BUILTIN_FORMATS.items()}
    for each in styles.iterfind(f"{{{MAIN}numFmts/{{{MAIN}numFmt"):
        formats[each.get("numFmtId", "")] = each.get("formatCode", "")
    used = [
        formats.get(each.get("numFmtId", "0"), "")
        for each in styles.iterfind(f"{{{MAIN}cellXfs/{{{MAIN}xf")
    ]
    return {
        str(at): is_timedelta_format(code) for at, code in enumerate(used) if is_date_format(code)
    }


def date_text(value: datetime.date | datetime.time | datetime.timedelta) -> str:
    """A day or a moment in UTC as ISO 8601, a day without its midnight."""
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat() + "+00:00"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)
