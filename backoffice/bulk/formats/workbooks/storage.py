"""What is stored of a workbook: itself, or, without its passwords, the sheets that are read."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from backoffice.bulk.formats.detect import opened_workbook
from backoffice.bulk.formats.open_file import sheet_of
from backoffice.bulk.formats.password_columns import left, safe_cells, secret_places
from backoffice.bulk.formats.tables import readable_as
from backoffice.bulk.formats.workbooks.sheets import SheetTable, chosen_sheets, described
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Limits
from backoffice.bulk.readers.workbook import Workbook
from backoffice.bulk.values.faults import FileRefused

# The same upload gives the same bytes: a batch is bound to their digest.
MADE = datetime(2000, 1, 1)


@contextmanager
def stored_workbook(path: Path, batch: Batch) -> Iterator[IO[bytes]]:
    """What is stored of a workbook; the batch notes which of its sheets are read.

    Raises FileRefused for one that cannot be read, or is of no sheet.
    """
    with opened_workbook(path, batch.dialect) as (book, tables):
        chosen = chosen_sheets(tables, batch.kind)
        batch.sheets = batch.sheets or described(tables, chosen)
        if not any(map(_has_secrets, tables)):
            with path.open("rb") as stream:
                yield stream
            return
        with tempfile.TemporaryFile() as cleaned:
            _copy(batch, book, chosen, cleaned)
            for number, sheet in enumerate(batch.sheets.get("read", ())):
                sheet["number"] = number
            cleaned.seek(0)
            yield cleaned


def _has_secrets(table: SheetTable) -> bool:
    # Tables of our own columns with such a column are refused later.
    return bool(secret_places(table.header) and readable_as(table.header))


def _copy(batch: Batch, book: Workbook, tables: list[SheetTable], cleaned: IO[bytes]) -> None:
    """Write the sheets that are read as texts, each row where it stood."""
    # A folder of its own: what the library leaves behind when it fails goes with it.
    with (
        tempfile.TemporaryDirectory() as folder,
        xlsxwriter.Workbook(cleaned, {"constant_memory": True, "tmpdir": folder}) as copy,
    ):
        copy.set_properties({"created": MADE})
        for table in tables:
            _copy_sheet(batch, book, table, copy.add_worksheet())


def _copy_sheet(batch: Batch, book: Workbook, table: SheetTable, to: Any) -> None:
    places = secret_places(table.header)
    noted = {"number": table.sheet.number, "name": table.name}
    with sheet_of(batch, book, noted, Limits.from_settings()) as reader:
        width, hidden = len(reader.header), 0
        for line, cells in reader.titles:
            _write(to, line, cells)
        _write(to, reader.header_line, left(reader.header, places))
        for row in reader.records():
            if reader.hidden_rows > hidden:
                hidden = reader.hidden_rows
                to.set_row(row.line - 1, None, None, {"hidden": True})
            _write(to, row.line, safe_cells(row, places, width))


def _write(to: Any, line: int, cells: Sequence[str]) -> None:
    """Raises FileRefused for a cell that has more text than a workbook takes."""
    for at, text in enumerate(cells):
        if text and to.write_string(line - 1, at, text):
            message = _("The row in line %(line)d has a longer text than a cell of Excel takes.")
            raise FileRefused("row_too_long", message % {"line": line}, line=line)
