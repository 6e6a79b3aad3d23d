"""The stored file of a batch as the tables people see in it: cells, lines and numbers."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from backoffice.bulk.formats.open_file import open_table_of, rows_as_read, sheet_of, unpacked
from backoffice.bulk.formats.tables import recognised
from backoffice.bulk.kinds.header_names import known_name
from backoffice.bulk.kinds.resource import REJECTED_COLUMNS, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.read.header import number_places, without_unnamed
from backoffice.bulk.readers import Limits, Row, TableReader, corrected_row
from backoffice.bulk.readers.workbook import Workbook
from backoffice.bulk.values.faults import COLUMN_LENGTH, storable


class StoredRow(NamedTuple):
    """A row as it stands in the file, how it reads with its corrections, and its number.

    The number is that of errors: 1 is the first data row of the file, 0 a row about columns.
    """

    table: "StoredTable"
    number: int
    row: Row
    now: Row


class StoredTable:
    """A table of a stored file: the file itself, or a sheet of it.

    `sheet` is blank where the file has one table; `corrections` are its own; `places` are those of
    the file's own columns, without the two of an earlier correction, and `named` those of them that
    a name stands above.
    """

    def __init__(self, batch: Batch, reader: TableReader, sheet: str = "") -> None:
        self.sheet, self.reader = sheet, reader
        self.corrections = reader.corrections
        table = recognised(reader.header, batch.dialect, batch.kind)
        self.has_header = table is None or table.has_header
        self.format = table(reader.header) if table else None
        is_written = self.format is not None and not self.has_header
        self.header = list(self.format.written if self.format and is_written else reader.header)
        self.places = [
            at for at, name in enumerate(self.header) if known_name(name) not in REJECTED_COLUMNS
        ]
        read = self.header if batch.ignore_unknown_columns else without_unnamed(self.header)
        self.width = len(read)
        self.named = [at for at in self.places if at < self.width]
        # A row may end before groups of columns that it does not need.
        self.is_padded = bool(batch.kind in kinds and kinds[batch.kind].nested)
        # As they are read: a cell of a workbook may show another number than it holds.
        if self.format:
            reader.number_places = self.format.number_places
        elif batch.kind in kinds:
            own = batch.own_headers
            reader.number_places = number_places(reader.header, kinds[batch.kind], own)

    @property
    def names(self) -> list[str]:
        return [self.header[at] for at in self.named]

    def name_at(self, place: int) -> str:
        """The column of a place as errors name it, blank behind the header."""
        return storable(self.header[place]).strip()[:COLUMN_LENGTH] if self._has(place) else ""

    def _has(self, place: int) -> bool:
        return place < len(self.header)

    def place_of(self, column: str, cells: Sequence[str] = (), value: str = "") -> int | None:
        """Where the column of an error stands in the row; None for an error of the whole row.

        Of columns that stand several times, such as ratings, it is the one with the value.
        """
        names = list(map(self.name_at, range(len(self.header))))
        same = [at for at, name in enumerate(names) if name == column]
        if same:
            texts = {at: storable(cells[at]).strip() for at in same if at < len(cells)}
            return next((at for at in same if value and texts.get(at) == value.strip()), same[0])
        plain = known_name(column)
        return next((at for at in self.places if plain and known_name(names[at]) == plain), None)

    def places_of(self, row: Row) -> list[int]:
        """The places of a row that can be corrected: of the header, and cells behind it."""
        return [*self.places, *range(len(self.header), len(row.cells))]

    def own_cells(self, row: Row) -> tuple[list[str], bool]:
        """The file's own cells of a row, and whether it is whole; if not, all cells as they are."""
        if self.format and not self.has_header:
            row = self.format.whole(row)
        cells, width = row.cells, len(self.header)
        if self.is_padded and not row.syntax_error:
            cells = cells + [""] * (width - len(cells))
        # With too few or too many cells it comes back as it is: it has to be corrected first.
        if len(cells) != width or any(map(str.strip, cells[self.width :])):
            return cells, False
        return [cells[at] for at in self.named], True

    def is_about_columns(self, row: Row) -> bool:
        return bool(self.format and self.format.is_about_columns(row))

    def rows(self, *, is_corrected: bool) -> Iterator[Row]:
        """The data rows as they stand in the file, or as they read with its corrections."""
        self.reader.corrections = self.corrections if is_corrected else {}
        return rows_as_read(self.reader, type(self.format) if self.format else None)

    def corrected(self, row: Row) -> Row:
        return corrected_row(row, self.corrections, self.reader.header)


@contextmanager
def stored_tables(batch: Batch) -> Iterator[list[StoredTable]]:
    """The tables of a batch's file in their order, to be read one after the other.

    Raises FileRefused or OSError for a file that cannot be opened any more.
    """
    sheets = batch.sheets.get("read", [])
    with unpacked(batch.path, batch.encoding) as stored, ExitStack() as stack:
        if len(sheets) < 2:
            reader = open_table_of(batch, stored.path, sheet=next(iter(sheets), {}))
            yield [StoredTable(batch, stack.enter_context(reader), batch.only_sheet)]
            return
        limits = Limits.from_settings()
        book = stack.enter_context(Workbook(stored.path, limits))
        readers = [sheet_of(batch, book, sheet, limits) for sheet in sheets]
        yield [
            StoredTable(batch, stack.enter_context(reader), sheet["name"])
            for reader, sheet in zip(readers, sheets, strict=True)
        ]


def numbered_rows(
    tables: Sequence[StoredTable], *, is_corrected: bool = False
) -> Iterator[StoredRow]:
    """The rows of all tables, numbered as errors have them. Raises FileRefused.

    With `is_corrected` they are those of an import: a row at the end that was blank, or is by now,
    counts as it reads. Without, each row is there as the file has it.
    """
    number = 0
    for table in tables:
        for row in table.rows(is_corrected=is_corrected):
            now = row if is_corrected else table.corrected(row)
            is_data = not table.is_about_columns(now)
            number += is_data
            yield StoredRow(table, number if is_data else 0, row, now)
