"""Files out in the format of another system."""

from collections.abc import Callable, Iterator
from typing import IO, Any

from backoffice.admin_site.spreadsheets import csv_line
from backoffice.bulk.exporting import exported_rows
from backoffice.bulk.formats.opening import table_of
from backoffice.bulk.models import Batch
from backoffice.bulk.selecting import ExportRefused, Selection

NATIVE = ("", Batch.Dialect.AUTO, Batch.Dialect.NATIVE)


def writer_in(dialect: str, kind: str) -> Callable[[Selection, IO[bytes]], int]:
    """What writes rows of a kind in a format, and gives their number.

    Raises ExportRefused where the format has no such file.
    """
    try:
        table = table_of(dialect, kind)
    except ValueError as refusal:
        raise ExportRefused(str(refusal)) from refusal

    def write(selection: Selection, stream: IO[bytes]) -> int:
        if table.has_header:
            stream.write(csv_line(list(table.written)).encode())
        lines = (csv_line(cells).encode() for cells in _rows_in(table, selection))
        return sum(1 for _written in map(stream.write, lines))

    return write


def _rows_in(table: Any, selection: Selection) -> Iterator[list[str]]:
    names = selection.header
    for row in exported_rows(selection):
        cells = table.write(dict(zip(names, row, strict=True)))
        if cells is not None:
            yield [cells.get(name, "") for name in table.written]
