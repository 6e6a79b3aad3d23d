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
from backoffice.bulk.readers.encodings import encoding_of
from backoffice.bulk.readers.header_search import (
    MOST_BLANK_LINES,
    MOST_LINES,
    is_known_header,
    title_issues,
)
from backoffice.bulk.readers.text_head import (
    DELIMITERS,
    MOST_CHARACTERS,
    header_among,
    likely_delimiter,
    named_delimiter,
    refuse_other_delimiters,
)
from backoffice.bulk.values.faults import FileRefused

BLOCK = 65_536  # characters
MOST_BYTES = 4  # of a character, in UTF-8
QUOTED_BEHIND_BLANK = re.compile(' +"')


class PhysicalLines:
    """Physical lines with their numbers; it remembers those of the record under way."""

    def __init__(self, text: io.TextIOWrapper, limits: Limits) -> None:
        self.text, self.limits = text, limits
        self.number = 0
        self.again: deque[tuple[int, str]] = deque()
        self.record_lines: list[tuple[int, str]] = []
        self.length = 0
        self.block_text = ""

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
        self.block_text = self.text.read(BLOCK) + self._line()
        lines = io.StringIO(self.block_text, newline="").readlines()
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

    def put_back(self) -> None:
        """Have the record under way read again."""
        self.again.extendleft(reversed(self.record_lines))
        self.begin()


class DelimitedReader(TableReader):
    """Reads delimited text as a stream; a quoted cell may span lines.

    `unnamed` is how many columns without a name stand behind the last that has one.
    """

    is_text = True
    unnamed = 0

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
        first = self._first_line()
        named = named_delimiter(first)
        if named:
            self.separator_line = first.strip()
            first = self._first_line()
        self._read_from(named or likely_delimiter(first), [self._lines.record_lines[-1]])
        try:
            self.header = self._read_header()
            is_known = self.header_test is None or is_known_header(self.header, self.header_test)
        except FileRefused:
            is_known = self.header_test is None
            if is_known:
                raise
        self.header_line = self._lines.started
        if not is_known:
            self._search(named)
        self._refuse_wide_header()
        filled = [at for at, name in enumerate(self.header, 1) if name.strip()]
        self.unnamed = len(self.header) - filled[-1] if filled else 0

    def _first_line(self) -> str:
        """The next line that is not blank. Raises FileRefused where there is none, or no text."""
        self._lines.begin()
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
        return first

    def _read_from(self, delimiter: str, lines: Iterable[tuple[int, str]]) -> None:
        """Have these lines, all that were taken, read by this delimiter."""
        self.delimiter = delimiter
        self._lines.again.extendleft(reversed(list(lines)))
        self._lines.begin()
        self._csv = self._reader(self._lines)
        self._blank_quote = re.compile(f'(?:\\A|[{re.escape(delimiter)}\r\n]) +"')

    def _search(self, named: str) -> None:
        """Find a known header below, or under another delimiter; else the first row stays it."""
        assert self.header_test
        lines, head = self._lines, list(self._lines.record_lines)
        length = lines.length
        lines.begin()
        filled = blank = 0
        while filled < MOST_LINES and blank < MOST_BLANK_LINES and length < MOST_CHARACTERS:
            line = next(lines, "")
            if not line:
                break
            filled, blank = filled + bool(line.strip()), blank + (not line.strip())
            head += lines.record_lines
            length += lines.length
            lines.begin()
        likely, first_lines = self.delimiter, head[: MOST_LINES + MOST_BLANK_LINES]
        signs = named or likely + DELIMITERS.replace(likely, "")
        located = header_among(first_lines, signs, self.header_test)
        if located:
            delimiter, header, end = located
            self._read_from(delimiter, head[end:])
            self.header, self.header_line = header.cells, header.line
            self.titles, self.reader_issues = header.titles, title_issues(header.titles)
            return
        refuse_other_delimiters(first_lines, self.header_test)
        self._read_from(likely, head)
        self.header = self._read_header()

    def _reader(self, lines: Iterable[str], **more: Any) -> Any:
        return csv.reader(lines, delimiter=self.delimiter, strict=True, **more)

    def __exit__(self, *_exception: object) -> None:
        self._text.close()

    def _read_header(self) -> list[str]:
        try:
            return self._record()
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
        return map(self._padded, self._records()) if self.unnamed else self._records()

    def _padded(self, row: Row) -> Row:
        # Excel leaves out the delimiters behind the last value in 16 rows where none has one. A row
        # that ends with an empty cell may have lost one in its midst: that is an error.
        is_short = len(row.cells) == len(self.header) - self.unnamed
        if is_short and row.cells[-1].strip() and not row.syntax_error:
            return row._replace(cells=row.cells + [""] * self.unnamed)
        return row

    def _records(self) -> Iterator[Row]:
        lines = self._lines
        yield from self._one_by_one()  # those behind the header that were looked at
        while block := lines.block():
            # Most files have no fault: their lines are split many at once, which is faster.
            if lines.may_be_too_long(block) or self._has_blanks_before_quotes(lines.block_text):
                lines.leave(block)
            else:
                yield from self._at_once(block)
            yield from self._one_by_one()

    def _has_blanks_before_quotes(self, text: str) -> bool:
        return ' "' in text and bool(self._blank_quote.search(text))

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
                cells = self._record()
            except csv.Error as error:
                # All lines but the first of what is no record may begin one: they are read again.
                line, number = lines.unread(), lines.started
                yield Row(number, [line], str(error))
                continue
            if cells:
                yield Row(lines.started, cells)

    def _record(self) -> list[str]:
        """The next record. Raises csv.Error for a line that begins none."""
        lines, error = self._lines, None
        try:
            cells: list[str] = next(self._csv)
        except csv.Error as refusal:
            cells, error = [], refusal
            self._csv = self._reader(lines)
        if error or any(map(QUOTED_BEHIND_BLANK.match, cells)):
            cells = self._without_blanks() or cells
        if error and not cells:
            raise error
        return cells

    def _without_blanks(self) -> list[str] | None:
        """The record under way, where blanks before a quotation mark count as nothing.

        None where it is no record then: its quotation marks are text of the cells.
        """
        lines = self._lines
        texts = [line for _number, line in lines.record_lines]
        if not self._has_blanks_before_quotes("".join(texts)):
            return None
        lines.put_back()
        try:
            return next(self._reader(lines, skipinitialspace=True))
        except (csv.Error, FileRefused):
            lines.put_back()
            for _line in texts:
                next(lines)
            return None

    def position(self) -> float:
        return min(self._raw.tell() / self.size, 1.0)
