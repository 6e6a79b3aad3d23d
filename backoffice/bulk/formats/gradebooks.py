"""Scores in columns, one for each assessment: Canvas' gradebook, Open edX' grade overrides."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.faults import Fault
from backoffice.bulk.formats.base import Cells, NotTranslated, SourceTable, Way, plain
from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.readers import Remark, Row

ASSIGNMENT = re.compile(r"^.*\(([^()]+)\)$")
OVERRIDE = "new_override-"
TEST_STUDENT = "student, test"
EXCUSED = "ex"


class Gradebook(SourceTable):
    """A table of students and scores; each score that is there is a row of ours.

    People see a score with the column it stands in: a line has many.
    """

    kind = "grades"
    # By position, not by a name: see `scores`.
    placed: ClassVar[Way] = Way((), lambda cells: "")

    def __init__(self, header: Sequence[str], filled: frozenset[str] | None = None) -> None:
        super().__init__(header, filled)
        self.scores = self._scores()
        self.taken = {**self.taken, "assessment_id": self.placed, "score": self.placed}

    def _scores(self) -> dict[int, str]:
        """The columns that hold scores, with the code of each assessment."""
        raise NotImplementedError

    @property
    def told_as(self) -> dict[str, str]:
        """Scores are told by their column."""
        own = {name: way for name, way in self.taken.items() if way.sources}
        return {name: self.label(way.sources[0]) for name, way in own.items()}

    def translated(self, row: Row) -> Iterator[Row]:
        """One row for each score of the line."""
        if row.flaw or len(row.cells) != self.width:
            yield from super().translated(row)
            return
        cells = Cells(self, row.cells)
        try:
            shared = {name: way.read(cells) for name, way in self.taken.items() if way.sources}
        except NotTranslated as refusal:
            yield Row(row.line, [], remarks=(refusal.remark,))
            return
        for at, code in self.scores.items():
            text = row.cells[at].strip()
            if text:
                yield self._score(row.line, shared, (self.header[at].strip(), code), text)

    def _score(
        self, line: int, shared: Mapping[str, str], named: tuple[str, str], text: str
    ) -> Row:
        header, code = named
        if text.casefold() == EXCUSED:
            sentence = gettext("{column} “{value}”: an excused assessment has no grade here.")
            remark = Remark(Fault("left_out", sentence, is_warning=True), header, text)
            return Row(line, [], remarks=(remark,), is_left_out=True)
        values = {**shared, "assessment_id": code, "score": text}
        origin = {"assessment_id": header, "score": f"{text} ({header})"}
        return Row(line, [values[name] for name in self.taken], origin=origin)


class CanvasGradebook(Gradebook):
    """The export of a gradebook. Students are known by their SIS ID, never by their name."""

    dialect, title = "canvas", _("Canvas gradebook")
    needs = frozenset({"student", "id", "sis user id", "section"})
    passed_over = frozenset({"id"})
    ways: ClassVar[Mapping[str, Way]] = {"student_id": plain("sis user id")}

    def _scores(self) -> dict[int, str]:
        """Assignments have their number behind their name; totals have none."""
        found = {at: ASSIGNMENT.match(name.strip()) for at, name in enumerate(self.header)}
        return {at: match.group(1) for at, match in found.items() if match}

    def translated(self, row: Row) -> Iterator[Row]:
        """Rows about the columns, and the student that Canvas makes up, are nobody's."""
        names = self.places
        if len(row.cells) == self.width:
            name = row.cells[names["student"]].strip().casefold()
            is_posting = not name and not row.cells[names["sis user id"]].strip()
            if is_posting or name in ("points possible", TEST_STUDENT):
                return
        yield from super().translated(row)


def _edx_course(cells: Cells) -> Course:
    """Of `course-v1:Organisation+CODE+RUN`."""
    parts = cells["course_id"].split("+")
    return (parts[-2], parts[-1]) if len(parts) == 3 else cells.course("course_id")


class EdxOverrides(Gradebook):
    """Grade overrides; what has no new override stays as it is."""

    dialect, title = "edx", _("Open edX grade overrides")
    needs = frozenset({"user_id", "username", "course_id", "track", "cohort"})
    ways: ClassVar[Mapping[str, Way]] = {
        "student_id": Way(
            ("student_key", "username"), lambda cells: cells.first("student_key", "username")
        ),
        "course_code": Way(("course_id",), lambda cells: _edx_course(cells)[0]),
        "presentation": Way(("course_id",), lambda cells: _edx_course(cells)[1]),
    }

    def _scores(self) -> dict[int, str]:
        """A subsection is our assessment of that code."""
        return {
            at: name.strip()[len(OVERRIDE) :]
            for at, name in enumerate(self.header)
            if name.strip().startswith(OVERRIDE)
        }
