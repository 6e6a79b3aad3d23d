"""Open edX' grade overrides, as they are exported and imported there."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import COURSE_KEY, Cells, ColumnSource, NotTranslated, pair
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn
from backoffice.bulk.formats.gradebooks.wide import Base, Columns, Gradebook, Learner
from backoffice.bulk.readers import Row

COURSE = "course_id"
OVERRIDE, PREVIOUS, ORIGINAL = "new_override-", "previous_override-", "original_grade-"
EXACT = re.compile("[0-9]+[.][0-9]{2}[0-9]*[1-9]0*", re.ASCII)
ZEROS = re.compile("(?<=[.][0-9]{2})0+$")  # as a spreadsheet may show a score


def _edx_course(cells: Cells) -> Course:
    """The course of `course-v1:Organisation+CODE+RUN`."""
    parts = cells[COURSE].split("+")
    return (parts[-2], parts[-1]) if len(parts) == 3 else cells.course(COURSE)


class EdxOverrides(Gradebook):
    """Grade overrides; what has no new override stays as it is."""

    dialect, title = "edx", _("Open edX grade overrides")
    needs = frozenset({"user_id", "username", "course_id", "track", "cohort"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(
            ("student_key", "username"), lambda cells: cells.first("student_key", "username")
        ),
        **pair(COURSE_KEY, (COURSE,), _edx_course),
    }
    written = ("user_id", "username", "student_key", "course_id", "track", "cohort")

    course: Course | None = None

    def own_course(self) -> Course | None:
        return self.course if self.course in self.courses.titles else None

    def is_placed(self, name: str) -> bool:
        return name.startswith((OVERRIDE, PREVIOUS))

    def _columns(self) -> dict[int, ScoreColumn]:
        return {
            at: ScoreColumn(self.header[at].strip(), (code,), is_foreign=False)
            for code, at in self.of_code[OVERRIDE].items()
        }

    @cached_property
    def of_code(self) -> dict[str, dict[str, int]]:
        """By the prefix of their names, the column of each subsection."""
        names = list(enumerate(map(str.strip, self.header)))
        return {
            start: {name[len(start) :]: at for at, name in names if name.startswith(start)}
            for start in (OVERRIDE, PREVIOUS, ORIGINAL)
        }

    @property
    def previous(self) -> dict[str, int]:
        return self.of_code[PREVIOUS]

    @property
    def number_places(self) -> dict[int, bool]:
        return {**super().number_places, **dict.fromkeys(self.previous.values(), False)}

    def _has_bases(self) -> bool:
        return bool(self.previous)

    def _bases(self, row: Row) -> Mapping[int, Base]:
        if "base_score" not in self.active_sources:
            return {}
        # Our scores are overrides, so each was the previous one, and blank without one.
        cells = {code: ZEROS.sub("", row.cells[at].strip()) for code, at in self.previous.items()}
        return {
            at: Base(cells.get(code, ""), {"base_score": f"{PREVIOUS}{code}"})
            for code, at in self.of_code[OVERRIDE].items()
        }

    @property
    def sparse(self) -> frozenset[str]:
        names = (self.names[at] for at in self.previous.values())
        return super().sparse.union(names if "base_score" in self.active_sources else (), {COURSE})

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        return self._names_course(cells) if name == COURSE else self._is_no_base(name, cells)

    def _names_course(self, cells: Sequence[str]) -> bool:
        # Overrides are of one course, so that the first line speaks for all of them.
        with suppress(NotTranslated):
            self.course = _edx_course(Cells(self, cells))
        return self.course is not None

    def _is_no_base(self, name: str, cells: Sequence[str]) -> bool:
        # True where the override replaces a grade that Open edX computed itself, or is more exact
        # than ours: what our score was then, the file does not know.
        at = self.places[name]
        code = self.header[at].strip()[len(PREVIOUS) :]
        original, new = (self.of_code[start].get(code) for start in (ORIGINAL, OVERRIDE))
        if new is None or not cells[new].strip():
            return False
        previous = cells[at].strip()
        is_first = not previous and original is not None and bool(cells[original].strip())
        return is_first or bool(EXACT.fullmatch(previous))

    def narrow(self, filled: frozenset[str]) -> None:
        super().narrow(filled)
        # Where that is so for one score, none of the file is taken as a score at export.
        if filled - {COURSE}:
            self.leave(["base_score"])

    @classmethod
    def heading(cls, columns: Columns, course: Course) -> list[list[str]]:
        prefixes = ("name-", "grade-", ORIGINAL, PREVIOUS, OVERRIDE)
        codes = [column.header.removeprefix(OVERRIDE) or column.code for column in columns]
        return [[*cls.written, *(f"{name}{code}" for code in codes for name in prefixes)]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        known = learner.student_id
        is_plain = "+" not in "".join(course)
        key = f"course-v1:school+{'+'.join(course)}" if is_plain else next(joined(course))
        own = [known, known, known, key, "", ""]
        # Open edX takes over nothing but overrides, so the score is written as one.
        cells = [(column.title or column.code, scores.get(column.code, "")) for column in columns]
        return [*own, *(cell for name, score in cells for cell in (name, score, "", score, score))]
