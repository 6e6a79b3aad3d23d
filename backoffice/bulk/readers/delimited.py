"""Comma, semicolon and tab separated text, with any line ending, in the encodings of imports.md."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from backoffice.bulk.faults import FileRefused
from backoffice.bulk.readers.base import Limits, Row, TableReader

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",;\t"


def keep_undecodable(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: each byte that does not decode becomes a lone surrogate.

    Python's own "surrogateescape" does this for UTF-8 only.
    """
    assert isinstance(error, UnicodeDecodeError)
    damaged = error.object[error.start : error.end] or b"\xff"
    return "".join(chr(0xDC00 + byte) for byte in damaged), error.end


codecs.register_error("keep-undecodable", keep_undecodable)


def encoding_of(path: Path, named: str = "") -> str:
    """The encoding to read with: the named one, else by the byte order mark, else UTF-8.

    Raises FileRefused for a name no codec has.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    for mark, encoding in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    try:
        codec = codecs.lookup(named or "utf-8")
        "a".encode(codec.name)
        # Some codecs, such as idna, cannot pass over a byte that does not decode.
        b"a\xff".decode(codec.name, "keep-undecodable")
    except (LookupError, UnicodeError):
        raise FileRefused(
            "unknown_encoding",
            _("“%(name)s” is not an encoding. Write for example cp1252 or iso-8859-1.")
            % {"name": named},
        ) from None
    return codec.name


class DelimitedReader(TableReader):
    """Reads delimited text as a stream; a quoted cell may span lines."""

    def __init__(self, path: Path, encoding: str, limits: Limits) -> None:
        super().__init__(path, limits)
        self.encoding = encoding_of(path, encoding)
        csv.field_size_limit(limits.max_row_bytes)

    def __enter__(self) -> "DelimitedReader":
        self._raw = self.path.open("rb")
        self._text = io.TextIOWrapper(
            self._raw, encoding=self.encoding, errors="keep-undecodable", newline=""
        )
        self._line = 0
        try:
            self._begin()
        except FileRefused:
            self._text.close()
            raise
        except UnicodeError as error:  # UTF-16 or UTF-32 that begins without its mark
            self._text.close()
            raise FileRefused(
                "unknown_encoding",
                _(
                    "The file cannot be read as %(name)s: %(error)s. Name the byte order, for "
                    "example utf-16-le, or another encoding."
                )
                % {"name": self.encoding, "error": error},
            ) from None
        return self

    def _begin(self) -> None:
        """Find the header, and by it the delimiter."""
        lines = self._lines()
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise FileRefused(
                "empty_file", _("The file is empty. Choose a file with a header and rows.")
            )
        self.delimiter = max(
            DELIMITERS, key=lambda sign: (first.count(sign), -DELIMITERS.index(sign))
        )
        self._csv = csv.reader(self._again(first, lines), delimiter=self.delimiter, strict=True)
        self.header = self._read_header()

    def __exit__(self, *_exception: object) -> None:
        self._text.close()

    def _again(self, first: str, rest: Iterator[str]) -> Iterator[str]:
        yield first
        yield from rest

    def _lines(self) -> Iterator[str]:
        """Physical lines, counted; a line without an end is cut off at the limit of a row."""
        limit = self.limits.max_row_bytes
        readline = self._text.readline
        while line := readline(limit + 1):
            self._line += 1
            if len(line) > limit:
                self.limits.check_row(self._line, len(line))
            yield line

    def _read_header(self) -> list[str]:
        try:
            return next(self._csv)
        except csv.Error as error:
            raise FileRefused(
                "bad_quoting",
                _("The header on line 1 cannot be read: %(error)s.") % {"error": error},
                line=1,
            ) from None

    def records(self) -> Iterator[Row]:
        """Every record; one with bad quoting comes with its flaw instead of its cells."""
        reader = self._csv
        while True:
            started = self._line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._flawed(started, str(error))
                continue
            if cells:
                yield Row(started, cells)

    def _flawed(self, started: int, error: str) -> Row:
        if "field larger" in error:
            self.limits.check_row(started, self.limits.max_row_bytes + 1)
        return Row(started, [], error)

    def position(self) -> float:
        """By bytes, as far as the buffer has read."""
        return min(self._raw.tell() / self.size, 1.0)
