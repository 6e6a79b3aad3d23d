"""Readers: from a stored file to numbered rows of text, whatever its format, in bounded memory."""

from pathlib import Path

from backoffice.bulk.readers.base import (
    CorrectedCell,
    Corrections,
    Limits,
    Row,
    TableReader,
    corrected_row,
    old_text,
)
from backoffice.bulk.readers.delimited import DelimitedReader
from backoffice.bulk.readers.first_bytes import refuse_if_not_a_plain_table
from backoffice.bulk.readers.header_search import HeaderTest
from backoffice.bulk.readers.workbook import WorkbookReader
from backoffice.bulk.values.faults import ReaderIssue

__all__ = [
    "CorrectedCell",
    "Corrections",
    "HeaderTest",
    "Limits",
    "ReaderIssue",
    "Row",
    "TableReader",
    "corrected_row",
    "old_text",
    "open_table",
]


def open_table(
    path: Path,
    encoding: str = "",
    limits: Limits | None = None,
    header_test: HeaderTest | None = None,
    sheet: int | None = None,
) -> TableReader:
    """The reader for the file's first bytes. Raises FileRefused for one too large or no table.

    With a `header_test` the header may stand below lines that are a title; `sheet` is the number of
    a workbook's.
    """
    limits = limits or Limits.from_settings()
    limits.check_size(path.stat().st_size)
    reader: TableReader
    if refuse_if_not_a_plain_table(path):
        reader = WorkbookReader(path, limits, sheet)
    else:
        reader = DelimitedReader(path, encoding, limits)
    reader.header_test = header_test
    return reader
