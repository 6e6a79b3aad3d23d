"""Readers: from a stored file to numbered rows of text, whatever its format, in bounded memory."""

from pathlib import Path

from backoffice.bulk.readers.base import (
    CorrectedCell,
    Corrections,
    Limits,
    ReaderIssue,
    Row,
    TableReader,
    corrected_row,
    old_text,
)
from backoffice.bulk.readers.delimited import DelimitedReader
from backoffice.bulk.readers.first_bytes import refuse_if_not_a_plain_table
from backoffice.bulk.readers.workbook import WorkbookReader

__all__ = [
    "CorrectedCell",
    "Corrections",
    "Limits",
    "ReaderIssue",
    "Row",
    "TableReader",
    "corrected_row",
    "old_text",
    "open_table",
]


def open_table(path: Path, encoding: str = "", limits: Limits | None = None) -> TableReader:
    """The reader for the file's first bytes. Raises FileRefused for one too large or no table."""
    limits = limits or Limits.from_settings()
    limits.check_size(path.stat().st_size)
    if refuse_if_not_a_plain_table(path):
        return WorkbookReader(path, limits)
    return DelimitedReader(path, encoding, limits)
