"""Removes passwords from files of other systems before they are stored."""

import csv
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from backoffice.admin_site.spreadsheets import Echo
from backoffice.bulk.formats.open_file import open_table_of
from backoffice.bulk.formats.tables import recognised
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Row
from backoffice.bulk.readers.encodings import is_windows_text

SECRET = "password"
LINE_ENDS = re.compile("\r\n|\r|\n")
# A byte that did not decode; those below 128 have no other way into a file.
LOW_BYTE = re.compile("[\udc00-\udc7f]")


@contextmanager
def without_passwords(path: Path, batch: Batch) -> Iterator[IO[bytes]]:
    """The file without its password columns; itself where it has none.

    Raises FileRefused for a file that cannot be opened, and for one with passwords that cannot be
    read to its end.
    """
    places = _secret_places(path, batch)
    if not places:
        with path.open("rb") as stream:
            yield stream
        return
    with tempfile.TemporaryFile() as cleaned:
        _rewrite(path, batch, places, cleaned)
        # The digest is that of the cleaned file: one of the passwords would allow guesses.
        cleaned.seek(0)
        yield cleaned


def _secret_places(path: Path, batch: Batch) -> frozenset[int]:
    """The places of columns with passwords, in a file of a known format."""
    with open_table_of(batch, path) as reader:
        header = reader.header
        # Files of our own columns with such a column are refused later.
        if recognised(header, batch.dialect, batch.kind) is None:
            return frozenset()
    return secret_places(header)


def secret_places(header: Sequence[str]) -> frozenset[int]:
    return frozenset(at for at, name in enumerate(header) if SECRET in column_name(name))


def _rewrite(path: Path, batch: Batch, places: frozenset[int], cleaned: IO[bytes]) -> None:
    # Without a mark it is asked later in which encoding the file is.
    is_doubtful = not batch.encoding and is_windows_text(path)
    with open_table_of(batch, path) as reader:
        writer = _LinePreservingWriter(cleaned, "" if is_doubtful else "\ufeff")
        width, delimiter = len(reader.header), reader.delimiter
        if reader.separator_line:
            writer.write(1, [reader.separator_line], "\t")
        for line, cells in reader.titles:
            writer.write(line, cells, delimiter)
        writer.write(reader.header_line, left(reader.header, places), delimiter)
        for row in reader.records():
            writer.write(row.line, safe_cells(row, places, width), delimiter)


def safe_cells(row: Row, places: frozenset[int], width: int) -> list[str]:
    # In a row that is not whole, a password may stand anywhere.
    if row.syntax_error or len(row.cells) != width:
        return [_("(A row that is not whole. It was not kept, because the file has passwords.)")]
    return left(row.cells, places)


def left(cells: Sequence[str], places: frozenset[int]) -> list[str]:
    return [cell for at, cell in enumerate(cells) if at not in places]


class _LinePreservingWriter:
    """Writes rows as UTF-8, each on its former line; blank lines fill the gaps.

    Bytes that did not decode stay as they are.
    """

    def __init__(self, stream: IO[bytes], mark: str) -> None:
        self.stream, self.line = stream, 1
        self.stream.write(mark.encode())

    def write(self, line: int, cells: list[str], delimiter: str) -> None:
        # Errors name lines, so each row stays on the line of the original.
        text = "\n" * (line - self.line)
        text += csv.writer(Echo(), delimiter=delimiter, lineterminator="\n").writerow(cells)
        self.line += len(LINE_ENDS.findall(text))
        self.stream.write(as_read(text))


def as_read(text: str) -> bytes:
    """The text in UTF-8; bytes that did not decode are as they were in the file."""
    return LOW_BYTE.sub("\udcff", text).encode("utf-8", "surrogateescape")
