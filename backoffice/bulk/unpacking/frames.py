"""What the two processes send each other: frames with a kind and a length, over a pipe.

Rows are text with separators that no XML document can hold: cheap to split, and never code.
"""

import struct
from typing import IO

HEADER = struct.Struct(">cI")
KIND, MEMBERS, SHEETS, EXPECTED, ROWS = b"K", b"M", b"S", b"N", b"R"
BYTES, END, REFUSED = b"B", b"E", b"X"
ROW_SEPARATOR, CELL_SEPARATOR = "\x1e", "\x1f"
NUMBER_SEPARATOR = "\x1d"  # between what a cell shows, the number it holds, the number it shows
ANOTHER = "?"  # in place of the number that a cell shows: signs around it may change its meaning
FRAME = 1 << 16  # characters of rows, or bytes of a member, that go together
MOST_BLANK = 4_096  # blank rows after which a sign of life is sent


class RowWriter:
    """Sends rows, many in a frame; the first row, which is the header, goes at once."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self._records: list[str] = []
        self._size = self._blanks = 0
        self._is_header_sent = False

    def add(self, line: int, cells: list[str], length: int) -> None:
        """Add a row of so many characters; the number of a hidden one is below zero."""
        if cells:
            self._records.append(CELL_SEPARATOR.join((str(line), *cells)))
            # Empty cells count too: a few long rows make a frame, or many wide ones.
            self._size += length + len(cells)
            if self._size >= FRAME or not self._is_header_sent:
                self._is_header_sent = True
                self.flush()
            return
        self._blanks += 1
        if self._blanks >= MOST_BLANK:
            self._records.append(str(line))
            self.flush()

    def flush(self) -> None:
        """Send what was added."""
        if self._records:
            send(self._to, ROWS, ROW_SEPARATOR.join(self._records).encode())
        self._records.clear()
        self._size = self._blanks = 0


def send(to: IO[bytes], kind: bytes, content: bytes = b"") -> None:
    """Send a frame at once."""
    to.write(HEADER.pack(kind, len(content)) + content)
    to.flush()
