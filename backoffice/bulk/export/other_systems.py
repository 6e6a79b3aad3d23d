"""Files out in the format of another system."""

from collections.abc import Iterator
from functools import partial
from typing import IO, Any

from django.utils.translation import gettext as _

from backoffice.admin_site.spreadsheets import csv_line, formula_safe
from backoffice.bulk.export.csv_export import rows_as_text
from backoffice.bulk.export.download import FORMATS, Write
from backoffice.bulk.export.gradebooks import write_gradebook
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.formats.gradebooks import Gradebook, MappedTable
from backoffice.bulk.formats.tables import TABLES, table_of
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.values.refusals import ExportRefused

NATIVE = ("", Batch.SourceFormat.AUTO, Batch.SourceFormat.NATIVE)


def writer_for(ending: str, dialect: str, kind: str) -> Write:
    """The function that writes rows of a kind, as native CSV or XLSX or for another system.

    Raises ExportRefused for another system's file that is no CSV, or that it does not have.
    """
    if is_native(dialect, kind):
        return FORMATS.get(ending, FORMATS["csv"]).write
    if ending == "xlsx":
        raise ExportRefused(_("A file for another system is a CSV file; choose CSV."))
    return _writer_in(dialect, kind)


def is_native(dialect: str, kind: str) -> bool:
    return dialect in NATIVE or dialect in kinds[kind].shared_with


def is_gradebook(dialect: str, kind: str) -> bool:
    gradebooks = [table for table in TABLES if issubclass(table, MappedTable)]
    return any((table.dialect, table.kind) == (dialect, kind) for table in gradebooks)


def _writer_in(dialect: str, kind: str) -> Write:
    try:
        table = table_of(dialect, kind)
    except ValueError as refusal:
        raise ExportRefused(str(refusal)) from refusal

    if issubclass(table, Gradebook):
        return partial(write_gradebook, table)

    def write(selection: Selection, stream: IO[bytes]) -> int:
        if table.has_header:
            stream.write(csv_line(list(table.written)).encode())
        lines = (csv_line(cells).encode() for cells in _rows_in(table, selection))
        return sum(1 for _written in map(stream.write, lines))

    return write


def _rows_in(table: Any, selection: Selection) -> Iterator[list[str]]:
    names = selection.header
    for row in rows_as_text(selection):
        cells = table.write(dict(zip(names, row, strict=True)))
        if cells is not None:
            yield [formula_safe(cells.get(name, "")) for name in table.written]
