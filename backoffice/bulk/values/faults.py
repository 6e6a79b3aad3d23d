"""What can be wrong with a file, a row or a cell, as a code for scripts and a sentence for people.

Sentences are templates with the names `line`, `column`, `value` and, of something else, `other`.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from backoffice.admin_site.pages.history import plain

REFUSED_NAME = "invalid_identifier"  # the code of a name that no row can have
DISPLAY_LENGTH = 80
MOST_LISTED = 5  # names in a sentence
STORED_LENGTH = 10_000
COLUMN_LENGTH = 300  # characters of a header that is told
INVISIBLE = re.compile(
    "[\x01-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class FileRefused(Exception):
    """The file as a whole cannot be read further; the message says why and what to do."""

    def __init__(self, code: str, message: str, *, line: int = 0, column: str = "") -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.line, self.column, self.sheet = line, column, ""

    def of_sheet(self, sheet: str) -> "FileRefused":
        """The same refusal, which names the sheet of a workbook of several."""
        if sheet and not self.sheet:
            self.sheet = sheet
            message = _("Sheet “%(sheet)s”: %(sentence)s")
            self.message = message % {"sheet": display_text(sheet), "sentence": self.message}
            self.args = (self.message,)
        return self


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong (an error) or strange (a warning) with a cell, before its line is known."""

    code: str
    template: str
    is_warning: bool = False
    other: str = ""


@contextmanager
def at_line(header_line: int) -> Iterator[None]:
    """What is refused within at the first line is refused at the line of the header."""
    try:
        yield
    except FileRefused as refusal:
        if refusal.line == 1:
            refusal.line = header_line
        raise


class CellRefused(Exception):
    """The cell holds something that may not be stored."""

    def __init__(self, code: str, template: str, other: str = "") -> None:
        super().__init__(template)
        self.fault = Fault(code, template, other=other)


class ReaderIssue(NamedTuple):
    """A fault that a reader finds in a row, with the file's column and cell."""

    fault: Fault
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault at its place: physical line, data row number (1 is the first), column and value."""

    line: int
    row: int
    column: str
    value: str
    code: str
    message: str
    is_warning: bool = False
    sheet: str = ""  # where a workbook has several

    def as_dict(self) -> dict[str, str | int]:
        names = ("line", "row", "column", "value", "code", "message")
        place = {"sheet": self.sheet} if self.sheet else {}
        return {**{name: getattr(self, name) for name in names}, **place}


def storable(value: str) -> str:
    """The value with what no database text can hold made visible, cut to a great length."""
    if len(value) > STORED_LENGTH:
        value = value[:STORED_LENGTH] + "…"
    return UNSTORABLE.sub(_visible, value)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00 if code >= 0xD800 and code <= 0xDFFF else code:02x}"


def display_text(value: str) -> str:
    """The value as a sentence quotes it: on one line and cut to a readable length."""
    value = INVISIBLE.sub(_visible, " ".join(storable(value).split()))
    return value if len(value) <= DISPLAY_LENGTH else value[:DISPLAY_LENGTH] + "…"


def listed(names: Sequence[str], most: int = MOST_LISTED) -> str:
    """Names in one text, in their order; of many the first, and how many more there are."""
    *first, last = names
    if len(names) > most:
        first, last = [*names[:most]], _("%(count)d more") % {"count": len(names) - most}
    return (
        _("%(names)s and %(last)s") % {"names": ", ".join(first), "last": last} if first else last
    )


def display_value(value: object) -> str:
    """A stored value as a sentence has it: 71 and not 71.00, a day without its hour."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return "" if value is None else str(value)


def width_fault(actual: int, expected: int, advice: str = "") -> Fault:
    """The error of a row that has another number of cells than the header."""
    template = _("the row has %(found)d cells, the header %(expected)d.") % {
        "found": actual,
        "expected": expected,
    }
    if actual > expected:
        advice = advice or _("Put values that hold the delimiter in quotation marks.")
        return Fault("too_many_cells", f"{template} {advice}")
    return Fault("too_few_cells", template + " " + _("A cell is missing."))


def issue_at(fault: Fault, line: int, row: int, column: str, value: str, sheet: str = "") -> Issue:
    """Put a fault at its place and write its sentence. Line 0 is none, as of a whole sheet."""
    template = fault.template if value else fault.template.replace(" “{value}”", "")
    # Whoever has no name in files, such as a member of staff, is not named either.
    other = display_text(fault.other) or _("somebody else")
    text = template.format(column=display_text(column), value=display_text(value), other=other)
    message = _("Line %(line)d: %(sentence)s")
    if sheet:
        message = _("Sheet “%(sheet)s”, line %(line)d: %(sentence)s")
    if not line:
        message = _("Sheet “%(sheet)s”: %(sentence)s")
    message %= {"line": line, "sentence": text, "sheet": display_text(sheet)}
    column, value = column[:COLUMN_LENGTH], storable(value)
    return Issue(line, row, column, value, fault.code, message, fault.is_warning, sheet)
