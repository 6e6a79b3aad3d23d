"""Blackboard's gradebook as it is worked on offline: of Learn Ultra, and of Learn Original.

By Blackboard's “Work offline with grade data”: text separated by tabs, in UTF-16 and called .xls,
or by commas. A grade column is `Essay [Total Pts: 100 Score] |123456`, with a number of
Blackboard's own; uploaded without one it makes a new column. Rows are matched by Username.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.assessment_names import titled
from backoffice.bulk.formats.base import ColumnSource
from backoffice.bulk.formats.base_scores import bases_of
from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn
from backoffice.bulk.formats.gradebooks.wide import (
    Columns,
    Gradebook,
    Learner,
    NamedColumns,
    bases_header,
)
from backoffice.bulk.kinds.header_names import column_name

COLUMN = re.compile(
    r"(?P<item>.+?) ?\[total pts: (?P<up_to>up to )?(?P<most>[0-9]+(?:\.[0-9]+)?)"
    r"(?: (?P<display>[a-z/ ]+))?\](?: ?\|(?P<number>.+))?",
    re.IGNORECASE,
)
POINT_DISPLAYS = ("", "score")
TOTALS = frozenset(
    {
        *("total", "weighted total", "running total", "running weighted total", "average"),
        *("overall grade", "minimum", "maximum", "minimum/maximum"),
    }
)
KEYS = ("student id", "username")
PEOPLE = frozenset({"last name", "first name", "username"})
EXEMPT = "exempt"
UNFINISHED = re.compile(r"(?:needs grading|in progress)(?: ?\([^)]*\))?", re.IGNORECASE)


class BlackboardGrades(NamedColumns):
    """The gradebook of a course; calculated columns are passed over."""

    dialect, title = "blackboard", _("Blackboard gradebook")
    student_label = "Student ID"
    above: ClassVar[Mapping[str, str]] = {**Gradebook.above, "max_score": ""}
    placed = (*Gradebook.placed, "max_score")
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(KEYS, lambda cells: cells.first(*KEYS))
    }
    written = ("Last Name", "First Name", "Username", "Student ID")

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        matches = {at: COLUMN.fullmatch(column.header) for at, column in self.columns.items()}
        self.points = {at: match["most"] for at, match in matches.items() if match}

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        names = set(map(column_name, header))
        has_columns = any(map(COLUMN.fullmatch, names))
        has_state = names >= {"student id", "availability"}
        is_ours = any(name.startswith("scores at export of ") for name in names)
        is_people = names >= PEOPLE or bool(names.intersection(KEYS) and has_columns)
        return is_people and (has_columns or has_state or is_ours)

    def _columns(self) -> dict[int, ScoreColumn]:
        columns: dict[int, ScoreColumn] = {}
        self.not_scores = []
        for at, header in enumerate(map(str.strip, self.header)):
            match = COLUMN.fullmatch(header)
            if match is None:
                columns |= self._without_number(at, header)
            elif match["up_to"] or column_name(match["item"]) in TOTALS:
                continue
            elif (match["display"] or "").casefold() in POINT_DISPLAYS:
                columns[at] = ScoreColumn(header, (match["item"],), (match["item"],))
            else:
                self.not_scores.append(header)
        return columns

    def _without_number(self, at: int, header: str) -> dict[int, ScoreColumn]:
        # Only in files of ours: for assessments that have no column in Blackboard yet.
        last = max((self.places.get(name, -1) for name in (*PEOPLE, *KEYS)), default=-1)
        end = self.bases_at
        is_score = end is not None and last < at < end
        return {at: ScoreColumn(header, (header,), (header,))} if is_score else {}

    def advice(self) -> Any:
        return gettext("Download it from Blackboard with columns that are shown as scores.")

    def no_grade(self, cell: str) -> str:
        if cell.casefold() == EXEMPT:
            return gettext("{column} “{value}”: an excused assessment has no grade here.")
        if UNFINISHED.fullmatch(cell):
            return gettext("{column} “{value}”: this is not graded yet; nothing of it is stored.")
        return ""

    @classmethod
    def heading(cls, columns: Columns, course: Course) -> list[list[str]]:
        names = [each.header or titled(each.code, each.title) for each in columns]
        return [[*cls.written, *names, bases_header(course)]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        known = learner.student_id
        own = [learner.last_name, learner.first_name, known, known]
        return [*own, *(scores.get(column.code, "") for column in columns), bases_of(scores)]
