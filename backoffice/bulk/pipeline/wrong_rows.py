"""The wrong rows of a stored file as a grid of cells, each with what is wrong with it."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice.bulk.models import Batch, BatchIssue
from backoffice.bulk.pipeline.stored_tables import (
    StoredRow,
    StoredTable,
    numbered_rows,
    stored_tables,
)
from backoffice.bulk.readers import old_text
from backoffice.bulk.values.faults import display_text, storable

MOST_ROWS = 50
MOST_CELLS = 900  # of a page: Django reads at most 1,000 fields of a form


class RowAddress(NamedTuple):
    """Where a row stands: its sheet, blank in a file of one table, and its physical line."""

    sheet: str
    line: int

    def __str__(self) -> str:
        template = _("Sheet “%(sheet)s”, line %(line)d") if self.sheet else _("Line %(line)d")
        return template % {"sheet": display_text(self.sheet), "line": self.line}


def key_of(batch: Batch, address: RowAddress) -> str:
    """The row in names of a form's fields: its line, and the sheet where several are read."""
    names = batch.sheet_names
    return f"{address.line}_{names.index(address.sheet)}" if len(names) > 1 else str(address.line)


def address_of_key(batch: Batch, key: str) -> RowAddress:
    """The row that a form names. Raises ValueError for no key, IndexError for no such sheet."""
    line, _separator, number = key.partition("_")
    is_one = len(batch.sheet_names) < 2
    return RowAddress(batch.only_sheet if is_one else batch.sheet_names[int(number)], int(line))


@dataclass(frozen=True)
class GridCell:
    """A cell of the grid; `text` is None where the row ends before it, `old` as in the file."""

    place: int
    column: str
    text: str | None
    old: str | None
    messages: Sequence[str] = ()

    @property
    def place_text(self) -> str:
        return str(self.place)  # of a field's name

    @property
    def is_corrected(self) -> bool:
        return self.text != self.old

    @property
    def is_long(self) -> bool:
        """Whether it has several lines, which an input of one line would lose."""
        return "\n" in (self.text or "") or "\r" in (self.text or "")


@dataclass(frozen=True)
class WrongRow:
    """A row that is wrong, or was before it was corrected; `messages` belong to no single cell."""

    key: str  # of its fields' names
    address: RowAddress
    cells: Sequence[GridCell]
    messages: Sequence[str]
    width: int
    is_split: bool  # else its quotation marks are wrong, and nobody knows its cells

    @property
    def is_wrong(self) -> bool:
        return bool(self.messages) or any(cell.messages for cell in self.cells)

    @property
    def missing(self) -> int:
        """The number of cells that the header has and the row has not."""
        return sum(cell.text is None for cell in self.cells) if self.is_split else 0

    @property
    def texts(self) -> str:
        """What the page has in each cell, as JSON, so that nobody corrects what they never saw."""
        return json.dumps({cell.place: cell.text for cell in self.cells})

    def as_dict(self) -> dict[str, Any]:
        """As a page that is open already shows it anew."""
        cells = {
            cell.place: {
                "text": cell.text or "",
                "is_missing": cell.text is None,
                "is_corrected": cell.is_corrected,
                "messages": list(cell.messages),
            }
            for cell in self.cells
        }
        return {
            "key": self.key,
            "line": self.address.line,
            "is_wrong": self.is_wrong,
            "messages": list(self.messages),
            "texts": self.texts,
            "cells": cells,
        }


@dataclass(frozen=True)
class GridTable:
    """The rows of the grid that stand in one table of the file, below its header."""

    sheet: str
    header: Sequence[str]
    rows: Sequence[WrongRow]

    @property
    def behind(self) -> range:
        """The columns behind the header that its longest row needs."""
        return range(max((len(row.cells) for row in self.rows), default=0) - len(self.header))

    @property
    def in_line(self) -> list[tuple[WrongRow, int]]:
        """Each row with the number of columns that are left of it, so that all end in line."""
        width = len(self.header) + len(self.behind)
        return [(row, width - len(row.cells) * row.is_split) for row in self.rows]


@dataclass(frozen=True)
class Grid:
    """The first wrong rows and those corrected; `wrong` counts all wrong rows of the file."""

    tables: Sequence[GridTable]
    wrong: int

    @property
    def rows(self) -> list[WrongRow]:
        return [row for table in self.tables for row in table.rows]


def wrong_numbers(batch: Batch) -> QuerySet[BatchIssue, int]:
    """The numbers of the wrong rows, in the order of the file."""
    errors = batch.issues.filter(is_warning=False, row__gt=0)
    return errors.order_by("row").values_list("row", flat=True).distinct()


def grid_of(batch: Batch, addresses: Collection[RowAddress] = ()) -> Grid:
    """The grid of a batch, with the rows at these addresses besides.

    Raises FileRefused or OSError as `stored_tables` does.
    """
    with stored_tables(batch) as tables:
        widest = max(len(table.header) for table in tables)
        most = max(1, min(MOST_ROWS, MOST_CELLS // (widest + 2)))
        numbers_of_wrong = wrong_numbers(batch)
        corrected = [RowAddress(t.sheet, line) for t in tables for line in sorted(t.corrections)]
        also = {*corrected[:most], *addresses}
        chosen = list(_chosen(tables, set(numbers_of_wrong[:most]), also))
        issues: dict[int, list[BatchIssue]] = {}
        numbers = [each.number for each in chosen]
        for issue in batch.issues.filter(is_warning=False, row__in=numbers).order_by("row", "pk"):
            issues.setdefault(issue.row, []).append(issue)
        grid_tables = [
            GridTable(
                table.sheet,
                [table.name_at(at) for at in table.places],
                [
                    _wrong_row(batch, each, issues.get(each.number, []))
                    for each in chosen
                    if each.table is table
                ],
            )
            for table in tables
        ]
    return Grid([each for each in grid_tables if each.rows], numbers_of_wrong.count())


def address_of(row: StoredRow) -> RowAddress:
    return RowAddress(row.table.sheet, row.row.line)


def _chosen(
    tables: Sequence[StoredTable], numbers: set[int], addresses: set[RowAddress]
) -> Iterator[StoredRow]:
    pending, missing = set(numbers), set(addresses)
    for each in numbered_rows(tables):
        address = address_of(each)
        if each.number in pending or address in missing:
            pending.discard(each.number)
            missing.discard(address)
            yield each
        if not pending and not missing:
            return


def _wrong_row(batch: Batch, stored: StoredRow, issues: list[BatchIssue]) -> WrongRow:
    table, _number, row, now = stored
    address, width = address_of(stored), len(table.places)
    key = key_of(batch, address)
    if row.syntax_error:
        messages = [issue.bare_sentence for issue in issues]
        return WrongRow(
            key, address, [GridCell(0, "", *[storable(row.cells[0])] * 2)], messages, 1, False
        )
    by_place: dict[int | None, list[str]] = {}
    for issue in issues:
        place = table.place_of(issue.column, now.cells, issue.value)
        by_place.setdefault(place, []).append(issue.bare_sentence)
    cells = [
        GridCell(
            *(at, table.name_at(at), old_text(now.cells, at), old_text(row.cells, at)),
            by_place.pop(at, ()),
        )
        for at in table.places_of(row)
    ]
    rest = [message for messages in by_place.values() for message in messages]
    return WrongRow(key, address, cells, list(dict.fromkeys(rest)), width, True)
