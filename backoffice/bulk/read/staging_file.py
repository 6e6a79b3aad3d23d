"""The clean rows and the issues of a file, in temporary files in COPY's text format."""

import tempfile
from bisect import bisect
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from json.encoder import encode_basestring_ascii as quoted
from operator import itemgetter
from typing import IO

from django.utils.translation import gettext as _

from backoffice.bulk.readers.base import Notice
from backoffice.bulk.values.cell_origins import AS_STAGED, OTHERS, Origin
from backoffice.bulk.values.faults import REFUSED_NAME, Fault, Issue, issue_at, storable

ISSUE_COLUMNS = (
    *("batch_id", "is_warning", "line", "row", "column", "value", "code", "message"),
    "sheet",
)
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copied(value: str | None) -> str:
    """The value as COPY's text format writes it."""
    if value is None:
        return "\\N"
    is_plain = value.isprintable() and "\\" not in value
    return value if is_plain else value.translate(ESCAPES)


class StagingFile:
    """The rows and the issues of one batch, in files: memory does not grow with the rows."""

    def __init__(self, batch_number: int) -> None:
        self.batch_number = batch_number
        self.labels: Mapping[str, str] = {}
        self.above: Mapping[str, str] = {}
        self.header_line = 1
        self.sheets: Sequence[tuple[int, str]] = ()  # the first row of each sheet, and its name
        # Closed by __exit__; it is used as a context manager.
        self.rows: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")
        self.issues: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")
        self.errors = self.warnings = 0
        self.has_refused_names = False

    def __enter__(self) -> "StagingFile":
        return self

    def __exit__(self, *_exception: object) -> None:
        with closing(self.issues):  # on a full disk the closing of a file may fail, too
            self.rows.close()

    def add_fault(
        self,
        fault: Fault,
        line: int,
        row: int,
        column: str,
        value: str,
        origin: Origin = AS_STAGED,
    ) -> None:
        """Add an error or a warning, under the name that the column has in the file."""
        row = origin.row or row
        header = self.name_of(column, origin)
        named = self.above.get(column, "")
        if named:
            of = _("%(row)s of {column}") % {"row": named}
            fault = replace(fault, template=fault.template.replace("{column}", of))
        self.add_issue(issue_at(fault, line, row, header, value, self.sheet_of(row)))

    def add_notice(self, notice: Notice) -> None:
        """Add what is to be said of the file, or of a sheet of it."""
        fault, line, value, sheet, column = notice
        self.add_issue(issue_at(fault, line, 0, column, value, sheet or self.sheet_of(0)))

    def sheet_of(self, row: int) -> str:
        """The sheet of a row of the file, blank unless a workbook has several.

        Row 0 is the file as a whole, which is of a sheet if only one of it is read.
        """
        if not self.sheets:
            return ""
        if not row and len(self.sheets) == 1:
            return self.sheets[0][1]
        at = bisect(self.sheets, row, key=itemgetter(0))
        return self.sheets[at - 1][1] if at else ""

    def place_of(self, line: int, row: int) -> str:
        """A line as sentences about other lines name it."""
        sheet = self.sheet_of(row)
        place = _("%(line)d of sheet “%(sheet)s”") if sheet else "%(line)d"
        return place % {"line": line, "sheet": sheet}

    def name_of(self, column: str, origin: Origin) -> str:
        """The header that the file has for a row's cell in one of our columns."""
        headers = origin.headers
        own = headers.get(column) or self.labels.get(column) or headers.get(OTHERS, column)
        return own if column else ""

    def line_of(self, column: str, line: int) -> int:
        """The line of a name that a column gives; in some formats it stands in the header."""
        return self.header_line if self.above.get(column) == "" else line

    def add_issue(self, issue: Issue) -> None:
        """Add an issue, in the order of ISSUE_COLUMNS."""
        start = f"{self.batch_number}\t{issue.is_warning:d}\t{issue.line}\t{issue.row}\t"
        texts = (issue.column, issue.value, issue.code, issue.message, storable(issue.sheet))
        self.issues.write(start + "\t".join(map(copied, texts)) + "\n")
        if issue.is_warning:
            self.warnings += 1
        else:
            self.errors += 1
            self.has_refused_names |= issue.code == REFUSED_NAME


def json_of(texts: Mapping[str, str]) -> str:
    """An object of texts alone: what `json.dumps` writes, in a fifth of the time."""
    return "{" + ", ".join(f"{quoted(name)}: {quoted(text)}" for name, text in texts.items()) + "}"
