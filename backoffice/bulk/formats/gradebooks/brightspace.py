"""Brightspace's (D2L's) export of grades, and what its import takes.

By D2L's “Importing grades”: a key (OrgDefinedId or Username), columns that end with “Points Grade”,
and a last one that marks the end of the line. Number signs before keys keep their zeros.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.assessment_names import titled
from backoffice.bulk.formats.base import Cells, ColumnSource
from backoffice.bulk.formats.base_scores import bases_of
from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn
from backoffice.bulk.formats.gradebooks.wide import (
    Columns,
    Gradebook,
    Learner,
    NamedColumns,
    bases_header,
    short,
)
from backoffice.bulk.kinds.header_names import column_name

# How a header ends is looked at first: the rest could be tried at each of a million signs.
POINTS = re.compile(
    r"(?=.*(?:grade|>)\Z)(?P<item>.+) points grade(?: <(?P<tag>.*)>)?", re.IGNORECASE
)
MOST = re.compile(r"\bmaxpoints:(?P<most>[0-9]+(?:\.[0-9]+)?)", re.IGNORECASE)
NO_POINTS = re.compile(
    r"(?=.*(?:grade|symbol|>)\Z)(?P<item>.+) (?:text grade|grade symbol|scheme symbol)(?: <.*>)?",
    re.IGNORECASE,
)
FINAL = re.compile(r"(?:calculated|adjusted) final grade", re.IGNORECASE)
END_OF_LINE, MARK = "End-of-Line Indicator", "#"
KEYS = ("orgdefinedid", "username")


def _student_id(cells: Cells) -> str:
    return next(filter(None, (cells[name].removeprefix(MARK) for name in KEYS)), "")


class BrightspaceGrades(NamedColumns):
    """Grades of a course. Weighted grades, subtotals and final grades are passed over."""

    dialect, title = "brightspace", _("Brightspace grades")
    student_label = "OrgDefinedId"
    above: ClassVar[Mapping[str, str]] = {**Gradebook.above, "max_score": ""}
    placed = (*Gradebook.placed, "max_score")
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(KEYS, _student_id)
    }
    written = ("OrgDefinedId", "Username", "Last Name", "First Name")

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        matches = {at: MOST.search(column.header) for at, column in self.columns.items()}
        self.points = {at: match["most"] for at, match in matches.items() if match}

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        names = list(map(column_name, header))
        has_points = any(map(POINTS.fullmatch, names))
        has_mark = END_OF_LINE.casefold() in names
        return has_mark or (has_points and not set(KEYS).isdisjoint(names))

    def _columns(self) -> dict[int, ScoreColumn]:
        headers = [name.strip() for name in self.header]
        items = {at: item for at, name in enumerate(headers) if (item := _item(POINTS, name))}
        others = {name: item for name in headers if (item := _item(NO_POINTS, name))}
        self.not_scores = [name for name, item in others.items() if item not in items.values()]
        return {at: ScoreColumn(headers[at], (item,), (item,)) for at, item in items.items()}

    def advice(self) -> Any:
        return gettext("Export it from Brightspace with the grade values “Points grade”.")

    @classmethod
    def heading(cls, columns: Columns, course: Course) -> list[list[str]]:
        names = [each.header or _name(each.code, each.title, each.most) for each in columns]
        return [[*cls.written, *names, bases_header(course), END_OF_LINE]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        key = f"{MARK}{learner.student_id}"
        own = [key, key, learner.last_name, learner.first_name]
        return [*own, *(scores.get(column.code, "") for column in columns), bases_of(scores), MARK]


def _item(pattern: re.Pattern[str], header: str) -> str:
    """The grade item of such a column; blank for other columns, and for final grades."""
    match = pattern.fullmatch(header)
    return match["item"] if match and not FINAL.match(header) else ""


def _name(code: str, title: str, most: str) -> str:
    return f"{titled(code, title)} Points Grade <Numeric MaxPoints:{short(most)}>"
