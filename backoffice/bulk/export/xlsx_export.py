"""Excel workbooks out: the lines of the CSV file, with numbers and days as typed cells."""

import csv
import datetime
import io
import re
import tempfile
from collections.abc import Callable
from typing import IO, Any

import xlsxwriter
from django.db import models
from django.utils.translation import gettext as _
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from backoffice.bulk.export.csv_export import write_csv
from backoffice.bulk.export.nested_rows import fields_of
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.unpacking.xlsx_sheet import MOST_ROWS
from backoffice.bulk.values.refusals import ExportRefused

MOST_CHARACTERS = 32_767  # of a cell, in any version of Excel
EXACT = re.compile(r"-?[0-9]{1,11}(\.[0-9]{1,4})?", re.ASCII)  # as a double, digit by digit
FIRST_DAY = "1900-03-01"  # before it Excel counts a day that never was
NUMBERS = (models.BooleanField, models.IntegerField, models.DecimalField)
# What no XML holds. Its sign of replacement is refused by an import, so nothing changes unseen.
REPLACED = "\ufffd"
Put = Callable[[int, int, str], Any]


def write_workbook(selection: Selection, stream: IO[bytes]) -> int:
    """Write the file; returns the number of rows below the header.

    Raises ExportRefused for more rows, or more text in a cell, than a sheet takes.
    """
    with tempfile.TemporaryFile("w+b") as lines:
        # Rows leave the database quickly; the slow making of the workbook holds no connection.
        rows = write_csv(selection, lines)
        if rows >= MOST_ROWS:
            raise ExportRefused(
                _(
                    "These are %(rows)d rows; an Excel sheet takes %(most)d below its header. "
                    "Choose CSV, or export fewer rows."
                )
                % {"rows": rows, "most": MOST_ROWS - 1}
            )
        lines.seek(0)
        text = io.TextIOWrapper(lines, encoding="utf-8", newline="")
        # A folder of its own: what the library leaves behind when it fails goes with it.
        with (
            tempfile.TemporaryDirectory() as folder,
            xlsxwriter.Workbook(stream, {"constant_memory": True, "tmpdir": folder}) as book,
        ):
            _fill(book, selection, csv.reader(text))
    return rows


def _fill(book: xlsxwriter.Workbook, selection: Selection, lines: Any) -> None:
    sheet = book.add_worksheet()
    header = next(lines)
    sheet.set_column(0, len(header) - 1, 18)
    sheet.freeze_panes(1, 0)
    heading = book.add_format({"bold": True, "num_format": "@"})
    for at, name in enumerate(header):
        sheet.write_string(0, at, name, heading)
    puts = [_put_for(field, book, sheet) for field in fields_of(selection, header)]
    for row, cells in enumerate(lines, 1):
        for at, text in enumerate(cells):
            if text:
                puts[at](row, at, text)


def _put_for(field: models.Field, book: xlsxwriter.Workbook, sheet: Any) -> Put:
    # Marked as text, so that no identifier becomes a number when it is edited.
    as_text = book.add_format({"num_format": "@"})

    def put_text(row: int, at: int, text: str) -> None:
        """Raises ExportRefused for a longer text than a cell takes."""
        if len(text) > MOST_CHARACTERS:
            raise ExportRefused(
                _("Row %(row)d has a longer text than a cell of Excel takes. Choose CSV.")
                % {"row": row}
            )
        sheet.write_string(row, at, ILLEGAL_CHARACTERS_RE.sub(REPLACED, text), as_text)

    def put_number(row: int, at: int, text: str) -> None:
        if EXACT.fullmatch(text):
            sheet.write_number(row, at, float(text))
        else:
            put_text(row, at, text)

    as_day = book.add_format({"num_format": "yyyy-mm-dd"})

    def put_day(row: int, at: int, text: str) -> None:
        if len(text) == len(FIRST_DAY) and text >= FIRST_DAY:
            sheet.write_datetime(row, at, datetime.date.fromisoformat(text), as_day)
        else:
            put_text(row, at, text)

    if isinstance(field, NUMBERS):
        return put_number
    # Datetimes stay text: a cell has no time zone.
    is_day = isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField)
    return put_day if is_day else put_text
