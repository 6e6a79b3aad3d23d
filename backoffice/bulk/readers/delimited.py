"""Comma, semicolon and tab separated text, with any line ending, in the encodings schools use."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from backoffice.bulk.readers.base import Limits, Row, TableReader, no_table
from backoffice.bulk.values.faults import FileRefused

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",;\t"
QUOTED = re.compile('"[^"]*("|$)')
BLOCK = 65_536  # characters
MOST_BYTES = 4  # of a character, in UTF-8


def replace_undecodable(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: each byte that does not decode becomes a lone surrogate."""
    assert isinstance(error, UnicodeDecodeError)
    # Python's own "surrogateescape" does this for UTF-8 only.
    damaged = error.object[error.start : error.end] or b"\xff"
    return "".join(chr(0xDC00 + byte) for byte in damaged), error.end


codecs.register_error("keep-undecodable", replace_undecodable)


def encoding_of(path: Path, named: str = "") -> str:
    """The named encoding, else by the byte order mark, else UTF-8. Raises FileRefused."""
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
            _("The encoding “%(name)s” is not known. Write for example cp1252 or iso-8859-1.")
            % {"name": named},
        ) from None
    return codec.name


class PhysicalLines:
    """Physical lines with their numbers; it remembers those of the record under way."""

    def __init__(self, text: io.TextIOWrapper, limits: Limits) -> None:
        self.text, self.limits = text, limits
        self.number = 0
        self.again: deque[tuple[int, str]] = deque()
        self.record_lines: list[tuple[int, str]] = []
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line. Raises FileRefused when the record grows longer than any honest row."""
        number, line = self.again.popleft() if self.again else (self.number + 1, self._line())
        if not line:
            raise StopIteration
        self.number = max(self.number, number)
        self.record_lines.append((number, line))
        self.length += len(line) if line.isascii() else len(line.encode("utf-8", "surrogatepass"))
        if self.length > self.limits.max_row_bytes:
            self.limits.check_row(self.record_lines[0][0], self.length)
        return line

    def _line(self) -> str:
        return self.text.readline(self.limits.max_row_bytes + 1)

    def block(self) -> list[str]:
        """Many lines at once, the last one whole; none at the end of the file."""
        lines = io.StringIO(self.text.read(BLOCK) + self._line(), newline="").readlines()
        self.number += len(lines)
        return lines

    def may_be_too_long(self, block: list[str]) -> bool:
        """Whether a record within these lines may have more bytes than a row may."""
        return sum(map(len, block)) * MOST_BYTES > self.limits.max_row_bytes

    def leave(self, lines: list[str]) -> None:
        """Have these lines, the last ones taken, read again one by one."""
        self.again.extend(enumerate(lines, self.number - len(lines) + 1))

    def begin(self) -> None:
        self.record_lines.clear()
        self.length = 0

    @property
    def started(self) -> int:
        return self.record_lines[0][0]

    def unread(self) -> str:
        """The first line of what is no record; the others will be read again."""
        (_number, first), *others = self.record_lines
        self.again.extendleft(reversed(others))
        return first.rstrip("\r\n")


class DelimitedReader(TableReader):
    """Reads delimited text as a stream; a quoted cell may span lines."""

    def __init__(self, path: Path, encoding: str, limits: Limits) -> None:
        super().__init__(path, limits)
        self.encoding = encoding_of(path, encoding)

    def __enter__(self) -> "DelimitedReader":
        self._raw = self.path.open("rb")
        self._text = io.TextIOWrapper(
            self._raw, encoding=self.encoding, errors="keep-undecodable", newline=""
        )
        self._lines = PhysicalLines(self._text, self.limits)
        try:
            self._begin()
        except FileRefused:
            self._text.close()
            raise
        except UnicodeError:  # UTF-16 or UTF-32 that begins without its mark
            self._text.close()
            codec = codecs.lookup(self.encoding).name.upper()
            raise FileRefused(
                "unknown_encoding",
                _(
                    "The file cannot be read as %(name)s: %(codec)s stream does not start with "
                    "BOM. Name the byte order, for example utf-16-le, or another encoding."
                )
                % {"name": self.encoding, "codec": codec},
            ) from None
        return self

    def _begin(self) -> None:
        first = next((line for line in self._lines if line.strip()), "")
        if not first:
            raise no_table()
        if "\0" in first:
            raise FileRefused(
                "control_character",
                _(
                    "The header holds zero bytes: this is no text, or text in UTF-16 without its "
                    "mark. Save the file as CSV in UTF-8."
                ),
                line=1,
            )
        bare = QUOTED.sub("", first)
        self.delimiter = max(
            DELIMITERS, key=lambda sign: (bare.count(sign), -DELIMITERS.index(sign))
        )
        self._lines.again.append(self._lines.record_lines[-1])
        self._lines.begin()
        self._csv = self._reader(self._lines)
        self.header = self._read_header()
        self.header_line = self._lines.started
        self._refuse_wide_header()

    def _reader(self, lines: Iterable[str]) -> Any:
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def __exit__(self, *_exception: object) -> None:
        self._text.close()

    def _read_header(self) -> list[str]:
        try:
            return next(self._csv)
        except csv.Error as error:
            raise FileRefused(
                "bad_quoting",
                _(
                    "The header cannot be read (%(error)s). Close or double the quotation marks "
                    "in it."
                )
                % {"error": error},
                line=1,
            ) from None

    def records(self) -> Iterator[Row]:
        """Every record. A line that begins none, by its quoting, comes with its syntax error."""
        lines = self._lines
        while block := lines.block():
            # Most files have no fault: their lines are split many at once, which is faster.
            if lines.may_be_too_long(block):
                lines.leave(block)
            else:
                yield from self._at_once(block)
            yield from self._one_by_one()

    def _at_once(self, block: list[str]) -> Iterator[Row]:
        """The records of these lines, up to the first with a fault or that goes on behind them."""
        before = self._lines.number - len(block)
        records, done = self._reader(block), 0
        try:
            for cells in records:
                if cells:
                    yield Row(before + done + 1, cells)
                done = records.line_num
        except csv.Error:
            self._lines.leave(block[done:])

    def _one_by_one(self) -> Iterator[Row]:
        lines = self._lines
        while lines.again:
            lines.begin()
            try:
                cells = next(self._csv)
            except csv.Error as error:
                # All lines but the first of what is no record may begin one: they are read again.
                line, number = lines.unread(), lines.started
                self._csv = self._reader(lines)
                yield Row(number, [line], str(error))
                continue
            if cells:
                yield Row(lines.started, cells)

    def position(self) -> float:
        return min(self._raw.tell() / self.size, 1.0)
