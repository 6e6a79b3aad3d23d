"""Text for files that a spreadsheet opens."""

import csv
import re
from collections.abc import Iterable

from django.http import StreamingHttpResponse

STARTS = "=+-@\t\r＝＋－＠"
FORMULA = re.compile(f"^'*[{re.escape(STARTS)}]")
NUMBER = re.compile(r"^[+-]?[0-9]+(\.[0-9]+)?$", re.ASCII)


def download(name: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """Lines of CSV as a file to save, sent while it is being made."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class Echo:
    """A file that gives each written row back, for streaming."""

    def write(self, text: str) -> str:
        return text


def csv_line(cells: Iterable[str]) -> str:
    """A line of CSV that ends as PostgreSQL ends it."""
    line: str = csv.writer(Echo()).writerow(cells)
    # Not the writer's `lineterminator`: it puts into quotation marks what line ends are made of.
    return line.removesuffix("\r\n") + "\n"


def formula_safe(text: str) -> str:
    """Text a spreadsheet will not run: what looks like a formula gets an apostrophe, numbers stay.

    An import takes the apostrophe off (CWE-1236, and OWASP "CSV Injection").
    """
    return "'" + text if FORMULA.match(text) and not NUMBER.match(text) else text
