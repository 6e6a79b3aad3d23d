"""The sheets of a workbook: which of them are read, and why each of the others is not."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from django.utils.translation import gettext as _

from backoffice.bulk.kinds.header_names import has_meaning, known_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.readers.base import Notice
from backoffice.bulk.readers.header_search import MOST_ROWS, HeaderTest, Numbered, find_header
from backoffice.bulk.readers.shown_numbers import text_of
from backoffice.bulk.readers.workbook import Workbook, WorkbookSheet
from backoffice.bulk.values.faults import Fault, FileRefused

Kinds = Mapping[str, Any]  # by kind, the format of the table


class AnyTest(HeaderTest, Protocol):
    """What a caller knows about headers of any kind."""

    def carried(self, cells: Sequence[str]) -> Kinds:
        """The kinds that a table with this header carries, each with its format."""

    def title_of(self, cells: Sequence[str]) -> str:
        """What a table with this header is called that carries no kind; blank for others."""

    def side_of(self, cells: Sequence[str]) -> str:
        """Which lookup file has this header, blank for none."""


@dataclass(frozen=True)
class SheetTable:
    """A sheet with cells, and what its header says: the kinds it carries, or why it is none."""

    sheet: WorkbookSheet
    header: list[str] = field(default_factory=list)
    carried: Kinds = field(default_factory=dict)
    has_rows: bool = False
    is_table: bool = False  # whether it may be one, known or not
    refusal: FileRefused | None = None
    title: str = ""  # of a table that is known and carries no kind
    side: str = ""  # the lookup file that it would be

    @property
    def name(self) -> str:
        return self.sheet.name

    @property
    def is_read(self) -> bool:
        return bool(self.carried) and not self.sheet.is_hidden

    @property
    def lookups(self) -> set[str]:
        """The lookup files in which its rows are looked up."""
        return {name for table in self.carried.values() if table for name in table.lookups}

    def meanings(self, kind: str) -> int:
        """How many columns of a kind the header has."""
        return sum(has_meaning(name, kinds[kind]) for name in map(known_name, self.header) if name)


def tables_of(book: Workbook, test: AnyTest) -> list[SheetTable]:
    """What each sheet is by its header."""
    return [_table_of(book, sheet, test) for sheet in book.sheets]


def _table_of(book: Workbook, sheet: WorkbookSheet, test: AnyTest) -> SheetTable:
    if not sheet.has_cells:
        return SheetTable(sheet)
    shown = replace(sheet, is_hidden=sheet not in book.readable)
    # Most headers stand in the first row.
    rows, refusal = _texts(book, sheet, 2)
    if rows and not test.is_header(rows[0][1]):
        rows, refusal = _texts(book, sheet, MOST_ROWS)
        located = find_header(rows, test)
        rows = rows[located.place :] if located else rows
    if not rows:
        return SheetTable(shown, refusal=refusal, is_table=bool(refusal))
    header = rows[0][1]
    carried = test.carried(header)
    is_headless = any(table is not None and not table.has_header for table in carried.values())
    has_rows = len(rows) > 1 or is_headless or bool(refusal)
    several = sum(len(list(filter(None, cells))) > 1 for _line, cells in rows)
    is_table = bool(carried or refusal) or several > 1
    known = ("" if carried else test.title_of(header), test.side_of(header))
    return SheetTable(shown, header, carried, has_rows, is_table, refusal, *known)


def _texts(
    book: Workbook, sheet: WorkbookSheet, most: int
) -> tuple[list[Numbered], FileRefused | None]:
    head, refusal = book.head(sheet, most)
    return [(line, list(map(text_of, cells))) for line, cells, *_rest in head], refusal


def chosen_sheets(tables: Sequence[SheetTable], kind: str) -> list[SheetTable]:
    """The sheets that a file of a kind is made of; never none.

    Where no header is known, the sheet with most of the kind's columns says what is missing.
    Raises FileRefused where no sheet can be read.
    """
    shown = [each for each in tables if not each.sheet.is_hidden and each.sheet.has_cells]
    of_kind = [each for each in shown if kind in each.carried]
    if of_kind:
        return [each for each in of_kind if each.has_rows] or of_kind[:1]
    filled = [each for each in shown if each.header]
    nearest = max(filled, key=lambda each: each.meanings(kind), default=shown[0])
    refused = next((each for each in shown if each.refusal), None)
    if refused and refused.refusal and not nearest.meanings(kind):
        raise refused.refusal.of_sheet(refused.name if len(tables) > 1 else "")
    if not filled:
        return shown[:1]
    names = list(map(known_name, nearest.header))
    return [each for each in filled if list(map(known_name, each.header)) == names]


def described(
    tables: Sequence[SheetTable], read: Iterable[SheetTable], others: Iterable[str] = ()
) -> dict[str, Any]:
    """The sheets of a batch as it stores them; blank for a workbook of one sheet.

    `others` are kinds that are files of their own.
    """
    if len(tables) < 2:
        return {}
    chosen, elsewhere = list(read), set(others)
    needed = {name for each in chosen for name in each.lookups}
    return {
        "read": [{"number": each.sheet.number, "name": each.name} for each in chosen],
        "left_out": [
            {
                "name": each.name,
                "sentence": why_left_out(each, needed),
                "is_table": is_unknown(each),
            }
            for each in tables
            if each not in chosen and (each.side in needed or not _is_read(each, elsewhere))
        ],
    }


def _is_read(table: SheetTable, kinds_read: set[str]) -> bool:
    """Whether a sheet is read in a file of its own."""
    return table.is_read and table.has_rows and bool(kinds_read.intersection(table.carried))


def is_unknown(table: SheetTable) -> bool:
    """Whether a sheet may hold rows that would have belonged to the file."""
    return table.is_table and not table.title and (table.sheet.is_hidden or not table.carried)


def why_left_out(table: SheetTable, needed: Collection[str] = ()) -> str:
    """Why a sheet is not read, as a sentence; in `needed` lookup files rows would be looked up."""
    sheet = table.sheet
    if sheet.is_chart:
        return _("It is a chart.")
    if not sheet.has_cells:
        return _("The file does not hold it.")
    if sheet.is_hidden:
        return _("It is hidden. Show it in the workbook if it is to be read.")
    if table.refusal and not table.carried:
        return table.refusal.message
    if not table.header:
        return _("It is empty.")
    reason = _why_not_its_header(table)
    if table.side in needed:
        reason += " " + _(
            "No row is looked up in a sheet: save the sheets as CSV files, and upload them in one "
            "zip file."
        )
    return reason


def _why_not_its_header(table: SheetTable) -> str:
    if table.title:
        return _("Recognised as: %(title)s. No row of it is stored.") % {"title": table.title}
    if not table.carried:
        return _("Its header is that of no kind of file known here.")
    if not table.has_rows:
        return _("It has a header and no rows.")
    labels = ", ".join(str(kinds[kind].label) for kind in table.carried)
    return _(
        "It is a table of %(kinds)s. Import the file under that kind, too, or let the files say "
        "what they are."
    ) % {"kinds": labels}


def left_out_sheets(batch: Batch) -> Iterator[Notice]:
    """The sheets of a workbook that are not read, each with why."""
    for sheet in batch.sheets.get("left_out", ()):
        reason = str(sheet["sentence"]).replace("{", "{{").replace("}", "}}")
        template = _("The sheet is left out. %(why)s") % {"why": reason}
        fault = Fault("sheet_left_out", template, is_warning=True)
        yield Notice(fault, value=sheet["name"], sheet=sheet["name"])
