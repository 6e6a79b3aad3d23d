"""nbgrader's export of grades: a line for each student and assignment.

By `nbgrader/plugins/export.py`: who handed nothing in has 0.0 points and no time. Times are UTC
without saying so. nbgrader takes no grades from a file.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import Cells, ColumnSource, plain
from backoffice.bulk.formats.gradebooks.long import GradeLines, left_out
from backoffice.bulk.readers import Row

NAIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+", re.ASCII)
ZERO = re.compile(r"0*(?:\.0*)?", re.ASCII)
NO_WORK = ("raw_score", "score")


def _handed_in(cells: Cells) -> str:
    text = cells["timestamp"]
    return f"{text}Z" if NAIVE.fullmatch(text) else text


class NbgraderGrades(GradeLines):
    """Grades of a course; a penalty for late work is in the score already."""

    dialect, title = "nbgrader", _("nbgrader grades")
    needs = frozenset(
        {
            *("assignment", "timestamp", "student_id", "raw_score", "late_submission_penalty"),
            *("score", "max_score"),
        }
    )
    assessment_column = "assignment"
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("student_id"),
        "score": plain("score"),
        "max_score": plain("max_score"),
        "submitted_on": ColumnSource(("timestamp",), _handed_in),
    }
    not_written = _("nbgrader takes no grades from a file, so there is none to write for it.")

    def translated(self, row: Row) -> Iterator[Row]:
        if not row.syntax_error and len(row.cells) == self.width:
            cells = Cells(self, row.cells)
            points = [cells[name] for name in NO_WORK]
            if not cells["timestamp"] and all(text and ZERO.fullmatch(text) for text in points):
                template = gettext(
                    "{column} “{value}” without a time: nothing was handed in, or nobody knows "
                    "when. It is not stored as a grade."
                )
                yield left_out(row.line, template, cells.label("score"), cells["score"])
                return
        yield from super().translated(row)
