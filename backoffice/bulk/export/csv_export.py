"""Files out: the rows of a kind as CSV, formula-safe.

All rows are read by one statement, so they are of one moment; memory does not grow with them.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import IO

from django.db import connection
from django.http import StreamingHttpResponse

from backoffice.admin_site.spreadsheets import Echo, csv_line, download, formula_safe
from backoffice.bulk.export.copy_to import copied_out
from backoffice.bulk.export.nested_rows import write_with_nested_rows
from backoffice.bulk.export.selection import Selection

AT_ONCE = 5_000  # rows


def write_csv(selection: Selection, stream: IO[bytes]) -> int:
    """Write the file, in UTF-8; returns the number of rows below the header."""
    if selection.resource.nested:
        return write_with_nested_rows(selection, stream)
    stream.write(csv_line(selection.header).encode())
    if connection.vendor == "postgresql":
        return copied_out(selection, stream)
    lines = (csv_line(cells).encode() for cells in exported_rows(selection))
    return sum(1 for _written in map(stream.write, lines))


def exported_rows(selection: Selection) -> Iterator[list[str]]:
    for cells in rows_as_text(selection):
        yield list(map(formula_safe, cells))


def rows_as_text(selection: Selection) -> Iterator[list[str]]:
    paths = [column.attribute for column in selection.columns]
    for values in selection.ordered.values_list(*paths).iterator(chunk_size=AT_ONCE):
        yield list(map(as_text, values))


def as_text(value: object) -> str:
    """A value as an import reads it again: ISO dates, 1 and 0, nothing for no value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def downloaded(name: str, rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """Rows of values as a formula-safe CSV file, streamed while it is made."""
    lines = ([formula_safe(as_text(value)) for value in row] for row in rows)
    return download(name, map(csv.writer(Echo()).writerow, lines))
