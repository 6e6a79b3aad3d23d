"""Moodle's grade export (plain text file), and what its import of grades takes.

By `grade/export/lib.php` and `grade/export/txt` of Moodle: profile fields, then for each grade item
a column for each way of showing grades, then the moment of the export. No maximum stands there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.assessment_names import titled
from backoffice.bulk.formats.base import ColumnSource, plain
from backoffice.bulk.formats.base_scores import bases_of
from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn
from backoffice.bulk.formats.gradebooks.wide import Columns, Learner, NamedColumns, bases_header
from backoffice.bulk.kinds.header_names import column_name

DISPLAY = re.compile(
    r"(?P<item>.+) \((?P<display>real|percentage|letter|feedback)\)", re.IGNORECASE
)
EXPORTED_AT = "last downloaded from this course"
PROFILE = frozenset(
    {
        *("first name", "last name", "surname", "id number", "institution", "department"),
        *("email address", "username", "suspended"),
    }
)
TOTAL = " total"  # of a category, and of the course
NO_GRADE = "-"


class MoodleGrades(NamedColumns):
    """Grades of a course by students; which course, only the name of the file says."""

    dialect, title = "moodle", _("Moodle grade export")
    student_label = "ID number"
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {"student_id": plain("id number")}
    written = ("First name", "Last name", "ID number")

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        names = set(map(column_name, header))
        has_people = bool(names & {"id number", "email address"}) and "first name" in names
        has_displays = any(DISPLAY.fullmatch(name.strip()) for name in header)
        return has_people and (EXPORTED_AT in names or has_displays)

    def _columns(self) -> dict[int, ScoreColumn]:
        items = dict(self._items())
        real = {at: item for at, (item, display) in items.items() if display == "real"}
        no_points = ("percentage", "letter")
        others = {item: at for at, (item, display) in items.items() if display in no_points}
        headers = [name.strip() for name in self.header]
        self.not_scores = [headers[at] for item, at in others.items() if item not in real.values()]
        return {at: _column(headers[at], item) for at, item in real.items()}

    def _items(self) -> Iterator[tuple[int, tuple[str, str]]]:
        """The grade item of each column, and how it is displayed."""
        matches = {at: DISPLAY.fullmatch(name.strip()) for at, name in enumerate(self.header)}
        has_displays = any(matches.values())
        for at, match in matches.items():
            item = match["item"] if match else self.header[at].strip()
            display = match["display"].casefold() if match else self._display_of(at, has_displays)
            if display and not self._is_total(item):
                yield at, (item, display)

    def _display_of(self, at: int, has_displays: bool) -> str:
        # Moodle before 2.8 has no displays: items stand between the profile and the moment.
        last = max((self.names.index(name) for name in PROFILE if name in self.names), default=-1)
        is_item = at > last and self.names[at] != EXPORTED_AT and at != self.bases_at
        is_feedback = self.names[at].startswith("feedback:")
        return "real" if is_item and not has_displays and not is_feedback else ""

    def _is_total(self, item: str) -> bool:
        # A file of ours has no totals, whatever its assessments are called.
        return self.bases_at is None and f" {item}".casefold().endswith(TOTAL)

    def advice(self) -> Any:
        return gettext("Export it from Moodle with the grade display type “Real”.")

    def is_blank(self, cell: str) -> bool:
        return cell in ("", NO_GRADE)

    @classmethod
    def heading(cls, columns: Columns, course: Course) -> list[list[str]]:
        names = [each.header or f"{titled(each.code, each.title)} (Real)" for each in columns]
        return [[*cls.written, *names, bases_header(course)]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        own = [learner.first_name, learner.last_name, learner.student_id]
        return [*own, *(scores.get(column.code, "") for column in columns), bases_of(scores)]


def _column(header: str, item: str) -> ScoreColumn:
    # Activities have their module before them: `Assignment: Essay`.
    _module, _colon, name = item.partition(": ")
    texts = (item, name) if name else (item,)
    return ScoreColumn(header, texts, texts)
