"""Scores in columns, one for each assessment: Canvas' gradebook, Open edX' grade overrides."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.faults import Fault
from backoffice.bulk.formats.base import Cells, NotTranslated, SourceTable, Way, plain
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.readers import Remark, Row
from backoffice.bulk.selecting import ExportRefused

OVERRIDE = "new_override-"
POINTS = "Points Possible"
TEST_STUDENT = "student, test"
EXCUSED = "ex"


class Task(NamedTuple):
    """An assessment, which has a column: its code, its title and its maximum."""

    code: str
    title: str
    most: str


class Learner(NamedTuple):
    """Somebody who has a line."""

    student_id: str
    first_name: str
    last_name: str


class Gradebook(SourceTable):
    """A table of students and scores; each score that is there is a row of ours.

    People see a score with the column it stands in: a line has many.
    """

    kind = "grades"
    # By position, not by a name: see `scores`.
    placed: ClassVar[tuple[str, ...]] = ("assessment_id", "score")

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        self.scores = self._scores()
        # What a column counts at most, and the line that says so.
        self.points: dict[int, tuple[str, int]] = {}
        self.taken |= dict.fromkeys(self.placed, Way((), lambda cells: ""))

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
        for at in self.scores:
            text = row.cells[at].strip()
            if text:
                yield self._score(row.line, shared, at, text)

    def _score(self, line: int, shared: Mapping[str, str], at: int, text: str) -> Row:
        header = self.header[at].strip()
        if text.casefold() == EXCUSED:
            sentence = gettext("{column} “{value}”: an excused assessment has no grade here.")
            remark = Remark(Fault("left_out", sentence, is_warning=True), header, text)
            return Row(line, [], remarks=(remark,), is_left_out=True)
        most, told_on = self.points.get(at, ("", 0))
        values = {**shared, "assessment_id": self.scores[at], "score": text, "max_score": most}
        origin = {"assessment_id": header, "score": f"{text} ({header})"}
        if most:
            told = {"points": most, "assignment": header, "line": told_on}
            origin["max_score"] = gettext("%(points)s (%(assignment)s, line %(line)d)") % told
        return Row(line, [values[name] for name in self.taken], origin=origin)

    @classmethod
    def heading(cls, tasks: Sequence[Task]) -> list[list[str]]:
        """What stands above the students. Raises ExportRefused for what would not be read again."""
        raise NotImplementedError

    @classmethod
    def line(
        cls, learner: Learner, course: Course, tasks: Sequence[Task], scores: Mapping[str, str]
    ) -> list[str]:
        """The cells of a student with these scores, which are known by the assessments' codes."""
        raise NotImplementedError


def assignment_code(name: str) -> str:
    """What stands in the last brackets of a column's name, which it ends with; brackets pair up."""
    depth = 0
    for at in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if depth < 1:
            return name[at + 1 : -1]
    return ""


def _course_of_section(cells: Cells) -> Course:
    """The course of the gradebook, where a section names one."""
    table = cells.table
    return table.courses.named_in_full(cells["section"]) or table.course


class CanvasGradebook(Gradebook):
    """The export of a gradebook. Students are known by their SIS ID, never by their name.

    A gradebook is of one course. Where a section has the name of one of ours, as in an export of
    ours, it is that; otherwise the codes of the assessments have to be enough.
    """

    dialect, title = "canvas", _("Canvas gradebook")
    needs = frozenset({"student", "id", "sis user id", "section"})
    passed_over = frozenset({"id"})
    placed = (*Gradebook.placed, "max_score")
    ways: ClassVar[Mapping[str, Way]] = {
        "student_id": plain("sis user id"),
        "course_code": Way(
            ("section",), lambda cells: _course_of_section(cells)[0], is_sparse=True
        ),
        "presentation": Way(
            ("section",), lambda cells: _course_of_section(cells)[1], is_sparse=True
        ),
    }
    written = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

    course: Course = ("", "")

    def _scores(self) -> dict[int, str]:
        """Assignments have their number behind their name; totals have none."""
        found = {at: assignment_code(name.strip()) for at, name in enumerate(self.header)}
        return {at: code for at, code in found.items() if code}

    @property
    def told_as(self) -> dict[str, str]:
        """The maximum is told by its row."""
        return {**super().told_as, "max_score": POINTS}

    def says_something(self, name: str, text: str) -> bool:
        """Whether a section has the name of a course; the first one is the gradebook's."""
        self.course = self.courses.named_in_full(text.strip()) or self.course
        return any(self.course)

    def is_about_columns(self, row: Row) -> bool:
        """Rows of nobody: how a column is posted, and what it counts at most."""
        return self._nobody(row) in ("", POINTS.casefold())

    def _nobody(self, row: Row) -> str | None:
        """What stands in place of a name where there is no student's ID."""
        if row.flaw or len(row.cells) != self.width:
            return None
        cells = Cells(self, row.cells)
        return None if cells["sis user id"] else cells["student"].casefold()

    def translated(self, row: Row) -> Iterator[Row]:
        """Rows about the columns, and the student that Canvas makes up, are nobody's."""
        nobody = self._nobody(row)
        if nobody == POINTS.casefold():
            found = {at: row.cells[at].strip() for at in self.scores}
            self.points = {at: (text, row.line) for at, text in found.items() if text[:1] != "("}
        elif nobody not in ("", TEST_STUDENT):
            yield from super().translated(row)

    @classmethod
    def heading(cls, tasks: Sequence[Task]) -> list[list[str]]:
        """Names with the codes behind them, and what each counts at most."""
        names = [f"{task.title or task.code} ({task.code})" for task in tasks]
        for task, name in zip(tasks, names, strict=True):
            if assignment_code(name) != task.code:
                sentence = _(
                    "A Canvas gradebook has an assessment's code in brackets, and “%(code)s” would "
                    "not be read again. Give the assessment another code."
                )
                raise ExportRefused(sentence % {"code": task.code})
        points = [f"    {POINTS}", *[""] * (len(cls.written) - 1)]
        return [[*cls.written, *names], [*points, *(task.most for task in tasks)]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, tasks: Sequence[Task], scores: Mapping[str, str]
    ) -> list[str]:
        """The course is the section; the number that Canvas gives a student is its own."""
        name = ", ".join(filter(None, (learner.last_name, learner.first_name)))
        known = learner.student_id
        own = [name, "", known, known, next(joined(course))]
        return [*own, *(scores.get(task.code, "") for task in tasks)]


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
    written = ("user_id", "username", "student_key", "course_id", "track", "cohort")

    def _scores(self) -> dict[int, str]:
        """A subsection is our assessment of that code."""
        return {
            at: name.strip()[len(OVERRIDE) :]
            for at, name in enumerate(self.header)
            if name.strip().startswith(OVERRIDE)
        }

    @classmethod
    def heading(cls, tasks: Sequence[Task]) -> list[list[str]]:
        """Five columns for each assessment."""
        theirs = ("name-", "grade-", "original_grade-", "previous_override-", OVERRIDE)
        return [[*cls.written, *(f"{name}{task.code}" for task in tasks for name in theirs)]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, tasks: Sequence[Task], scores: Mapping[str, str]
    ) -> list[str]:
        """Our score is the new override, for that is what Open edX takes over."""
        known = learner.student_id
        is_plain = "+" not in "".join(course)
        key = f"course-v1:school+{'+'.join(course)}" if is_plain else next(joined(course))
        own = [known, known, known, key, "", ""]
        found = [(task.title or task.code, scores.get(task.code, "")) for task in tasks]
        return [*own, *(cell for name, score in found for cell in (name, score, score, "", score))]
