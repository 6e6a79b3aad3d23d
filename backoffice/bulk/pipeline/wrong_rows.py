"""The wrong rows of a stored file as a grid of cells, each with what is wrong with it."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from backoffice.bulk.formats.base import SourceTable
from backoffice.bulk.formats.open_file import corrections_of, open_table_of, rows_as_read, unpacked
from backoffice.bulk.formats.tables import recognised
from backoffice.bulk.kinds.header_names import known_name
from backoffice.bulk.kinds.resource import REJECTED_COLUMNS
from backoffice.bulk.models import Batch, BatchIssue
from backoffice.bulk.readers import Corrections, Row, TableReader, corrected_row, old_text
from backoffice.bulk.values.faults import COLUMN_LENGTH, storable

MOST_ROWS = 50
MOST_CELLS = 900  # of a page: Django reads at most 1,000 fields of a form


class NumberedRow(NamedTuple):
    """A data row as it stands in the file, and its number there; 1 is the first."""

    number: int
    row: Row


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

    line: int
    cells: Sequence[GridCell]
    messages: Sequence[str]
    width: int
    is_split: bool  # else its quotation marks are wrong, and nobody knows its cells

    @property
    def is_wrong(self) -> bool:
        return bool(self.messages) or any(cell.messages for cell in self.cells)

    @property
    def line_text(self) -> str:
        return str(self.line)  # of a field's name

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
            "line": self.line,
            "is_wrong": self.is_wrong,
            "messages": list(self.messages),
            "texts": self.texts,
            "cells": cells,
        }


@dataclass(frozen=True)
class Grid:
    """The first wrong rows and those corrected; `wrong` counts all wrong rows of the file."""

    header: Sequence[str]
    rows: Sequence[WrongRow]
    wrong: int

    @property
    def behind(self) -> range:
        """The columns behind the header that its longest row needs."""
        return range(max((len(row.cells) for row in self.rows), default=0) - len(self.header))

    @property
    def in_line(self) -> list[tuple[WrongRow, int]]:
        """Each row with the number of columns that are left of it, so that all end in line."""
        width = len(self.header) + len(self.behind)
        return [(row, width - len(row.cells) * row.is_split) for row in self.rows]


class StoredTable:
    """The stored file of a batch, without its corrections."""

    def __init__(self, batch: Batch, reader: TableReader) -> None:
        self.reader = reader
        self.table: type[SourceTable] | None = recognised(reader.header, batch.dialect, batch.kind)
        has_header = self.table is None or self.table.has_header
        names = reader.header if has_header or self.table is None else self.table.written
        self.header = [storable(name).strip() for name in names]
        # Those of an earlier correction in a file of its own.
        hidden = [known_name(name) in REJECTED_COLUMNS for name in self.header]
        self.places = [at for at, is_hidden in enumerate(hidden) if not is_hidden]

    def rows(self) -> Iterator[NumberedRow]:
        """The data rows, numbered as errors have them."""
        columns, number = self.table(self.reader.header) if self.table else None, 0
        for row in rows_as_read(self.reader, self.table):
            number += not (columns and columns.is_about_columns(row))
            yield NumberedRow(number, row)

    def places_of(self, row: Row) -> list[int]:
        """The places of a row that can be corrected: of the header, and cells behind it."""
        return [*self.places, *range(len(self.header), len(row.cells))]

    def name_at(self, place: int) -> str:
        return self.header[place][:COLUMN_LENGTH] if place < len(self.header) else ""

    def place_of(self, column: str) -> int | None:
        """Where the column of an error stands in the row; None for an error of the whole row."""
        names = [name[:COLUMN_LENGTH] for name in self.header]
        if column in names:
            return names.index(column)
        plain = known_name(column)
        return next((at for at in self.places if plain and known_name(names[at]) == plain), None)


@contextmanager
def stored_table(batch: Batch) -> Iterator[StoredTable]:
    """Raises FileRefused or OSError for a file that cannot be opened any more."""
    with unpacked(batch.path) as stored, open_table_of(batch, stored.path) as reader:
        reader.corrections = {}
        yield StoredTable(batch, reader)


def wrong_numbers(batch: Batch) -> QuerySet[BatchIssue, int]:
    """The numbers of the wrong rows, in the order of the file."""
    errors = batch.issues.filter(is_warning=False, row__gt=0)
    return errors.order_by("row").values_list("row", flat=True).distinct()


def grid_of(batch: Batch, lines: Collection[int] = ()) -> Grid:
    """The grid of a batch, with the rows of these lines besides.

    Raises FileRefused or OSError as `stored_table` does.
    """
    with stored_table(batch) as table:
        most = max(1, min(MOST_ROWS, MOST_CELLS // (len(table.header) + 2)))
        numbers_of_wrong = wrong_numbers(batch)
        first, corrections = set(numbers_of_wrong[:most]), corrections_of(batch)
        also = {*sorted(corrections)[:most], *lines}
        chosen = list(_chosen(table, first, also))
        issues: dict[int, list[BatchIssue]] = {}
        numbers = [each.number for each in chosen]
        for issue in batch.issues.filter(is_warning=False, row__in=numbers).order_by("row", "pk"):
            issues.setdefault(issue.row, []).append(issue)
        rows = [
            _wrong_row(table, each, issues.get(each.number, []), corrections) for each in chosen
        ]
    return Grid([table.name_at(at) for at in table.places], rows, numbers_of_wrong.count())


def _chosen(table: StoredTable, numbers: set[int], lines: set[int]) -> Iterator[NumberedRow]:
    pending, last = set(numbers), max(lines, default=0)
    for each in table.rows():
        if each.number in pending or each.row.line in lines:
            pending.discard(each.number)
            yield each
        if not pending and each.row.line >= last:
            return


def _wrong_row(
    table: StoredTable, numbered: NumberedRow, issues: list[BatchIssue], corrections: Corrections
) -> WrongRow:
    row, width = numbered.row, len(table.reader.header)
    if row.syntax_error:
        messages = [issue.sentence for issue in issues]
        return WrongRow(
            row.line, [GridCell(0, "", *[storable(row.cells[0])] * 2)], messages, 1, False
        )
    now = corrected_row(row, corrections, width)
    by_place: dict[int | None, list[str]] = {}
    for issue in issues:
        by_place.setdefault(table.place_of(issue.column), []).append(issue.sentence)
    cells = [
        GridCell(
            *(place, table.name_at(place), old_text(now.cells, place), old_text(row.cells, place)),
            by_place.pop(place, ()),
        )
        for place in table.places_of(row)
    ]
    rest = [message for messages in by_place.values() for message in messages]
    return WrongRow(row.line, cells, list(dict.fromkeys(rest)), len(table.places), True)
