"""Scores in columns, one for each assessment: Canvas' gradebook, Open edX' grade overrides."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.spreadsheets import NUMBER
from backoffice.bulk.formats.base import (
    COURSE_KEY,
    Cells,
    ColumnSource,
    NotTranslated,
    SourceTable,
    pair,
    plain,
)
from backoffice.bulk.formats.base_scores import bases_in, bases_of
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import ReaderIssue, Row
from backoffice.bulk.values.cell_origins import NOTHING, OTHERS, Origin
from backoffice.bulk.values.faults import Fault, FileRefused
from backoffice.bulk.values.refusals import ExportRefused

OVERRIDE, PREVIOUS, ORIGINAL = "new_override-", "previous_override-", "original_grade-"
POINTS, BASES = "Points Possible", "Scores at export"
SIS_ID = "SIS User ID"
EXACT = re.compile("[0-9]+[.][0-9]{2}[0-9]*[1-9]0*", re.ASCII)
ZEROS = re.compile("(?<=[.][0-9]{2})0+$")  # as a spreadsheet may show a score
READ_ONLY = "(read only)"  # in Points Possible: Canvas passes the column over
TEST_STUDENT = "student, test"
EXCUSED = "ex"


class AssessmentColumn(NamedTuple):
    """A column of a gradebook: code, title and maximum of its assessment."""

    code: str
    title: str
    most: str


Columns = Sequence[AssessmentColumn]


class Learner(NamedTuple):
    """The student of a line."""

    student_id: str
    first_name: str
    last_name: str


class Base(NamedTuple):
    """A score at export, and where in the line it stands if not where people expect it."""

    score: str
    headers: Mapping[str, str] = NOTHING
    cells: Mapping[str, str] = NOTHING


NO_BASE = Base("")


class Gradebook(SourceTable):
    """A table of students and scores; each score is a row of ours."""

    kind = "grades"
    above: ClassVar[Mapping[str, str]] = {"assessment_id": ""}
    # By position, not by a name: see `scores`.
    placed: ClassVar[tuple[str, ...]] = ("assessment_id", "score")

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        self.scores = self._scores()
        # What a column counts at most.
        self.points: dict[int, str] = {}
        placed = (*self.placed, *(["base_score"] if self._has_bases() else []))
        self.active_sources |= dict.fromkeys(placed, ColumnSource((), lambda cells: ""))

    @property
    def read(self) -> list[str]:
        return [*super().read, *filter(self.is_placed, map(str.strip, self.header))]

    @property
    def number_places(self) -> dict[int, bool]:
        return {**super().number_places, **dict.fromkeys(self.scores, False)}

    def is_placed(self, name: str) -> bool:
        """Whether a column of this name is read by its position. Subclasses say so."""
        raise NotImplementedError

    def _scores(self) -> dict[int, str]:
        """The code of the assessment by the place of its column."""
        raise NotImplementedError

    def _has_bases(self) -> bool:
        raise NotImplementedError

    def _bases(self, row: Row) -> Mapping[int, Base]:
        """The scores at export by the places of their columns; a missing one was blank."""
        raise NotImplementedError

    def translated(self, row: Row) -> Iterator[Row]:
        if row.syntax_error or len(row.cells) != self.width:
            yield from super().translated(row)
            return
        cells = Cells(self, row.cells)
        own = {name: source for name, source in self.active_sources.items() if source.sources}
        try:
            values = {name: source.read(cells) for name, source in own.items()}
        except NotTranslated as refusal:
            yield Row(row.line, [], reader_issues=(refusal.issue,))
            return
        texts = {name: cells.first(*source.sources) for name, source in own.items()}
        others = {name: text for name, text in texts.items() if text != values[name]}
        shared = Shared(row, values, Origin(others, self.headers_of(cells)), self._bases(row))
        for at in self.scores:
            if row.cells[at].strip():
                yield self._score(shared, at)

    def _score(self, shared: "Shared", at: int) -> Row:
        line, cell, header = shared.row.line, shared.row.cells[at], self.header[at].strip()
        if cell.strip().casefold() == EXCUSED:
            template = gettext("{column} “{value}”: an excused assessment has no grade here.")
            issue = ReaderIssue(Fault("left_out", template, is_warning=True), header, cell.strip())
            return Row(line, [], reader_issues=(issue,), is_left_out=True)
        most, base = self.points.get(at, ""), shared.bases.get(at, NO_BASE)
        own = {"score": cell, "max_score": most} if most else {"score": cell}
        values = {"max_score": "", **shared.values, **own}
        values |= {"assessment_id": self.scores[at], "base_score": base.score}
        # The name of the assessment is the header itself: it has no cell besides.
        origin = Origin(
            {**shared.origin.cells, **own, **base.cells, "assessment_id": ""},
            {**shared.origin.headers, **base.headers, OTHERS: header},
        )
        return Row(line, [values[name] for name in self.active_sources], origin=origin)

    @classmethod
    def heading(cls, columns: Columns) -> list[list[str]]:
        """The rows above the students. Raises ExportRefused for unreadable codes."""
        raise NotImplementedError

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        """The cells of a student; `scores` are by the codes of the assessments."""
        raise NotImplementedError


class Shared(NamedTuple):
    """What the scores of a line have in common, and what each was at export."""

    row: Row
    values: Mapping[str, str]
    origin: Origin
    bases: Mapping[int, Base]


def assignment_code(name: str) -> str:
    """The text of the last brackets, with which a name ends; brackets may be nested."""
    depth = 0
    for at in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if depth < 1:
            return name[at + 1 : -1]
    return ""


def _course_of_section(cells: Cells) -> Course:
    table = cells.table
    return table.courses.named_in_full(cells["section"]) or table.course


class CanvasGradebook(Gradebook):
    """The export of a gradebook. Students are known by their SIS ID, never by their name.

    A gradebook is of one course. Where a section has the name of one of ours, as in an export of
    ours, it is that; otherwise the codes of the assessments have to be enough.
    """

    dialect, title = "canvas", _("Canvas gradebook")
    needs = frozenset({"student", "id", "section"})
    above: ClassVar[Mapping[str, str]] = {**Gradebook.above, "max_score": POINTS}
    passed_over = frozenset({"id"})
    placed = (*Gradebook.placed, "max_score")
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("sis user id"),
        **pair(COURSE_KEY, ("section",), _course_of_section, is_sparse=True),
    }
    written = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

    course: Course = ("", "")

    def is_placed(self, name: str) -> bool:
        return name == BASES or bool(assignment_code(name))

    def _scores(self) -> dict[int, str]:
        # Canvas writes an assignment with its number in brackets; totals have none.
        codes = {at: assignment_code(name.strip()) for at, name in enumerate(self.header)}
        return {at: code for at, code in codes.items() if code}

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        # A file without IDs is recognised as well, so that `check` can say what is missing.
        has_ids = SIS_ID.casefold() in map(column_name, header)
        codes = map(assignment_code, map(str.strip, header))
        return super().recognises(header) and (has_ids or any(codes))

    def check(self, batch: Batch) -> None:
        # Names are not unique enough to match students by.
        if not self.has(SIS_ID.casefold()):
            template = gettext(
                "The file is a Canvas gradebook without the column “%(column)s”, and students are "
                "not matched by their names. Export it from Canvas with that column, or add it."
            )
            message = template % {"column": SIS_ID}
            raise FileRefused("missing_column", message, line=1, column=SIS_ID)

    def _has_bases(self) -> bool:
        return self.has(BASES.casefold())

    def _bases(self, row: Row) -> Mapping[int, Base]:
        if "base_score" not in self.active_sources:
            return {}
        cell = row.cells[self.places[BASES.casefold()]].strip()
        # By code, not by place: columns may be deleted, and stand in another order.
        bases = bases_in(cell)
        return {at: self._base(bases.get(code, ""), cell) for at, code in self.scores.items()}

    def _base(self, score: str, cell: str) -> Base:
        # The whole cell is long, so it goes with a row only where an error will quote it.
        is_plain = not score or NUMBER.match(score)
        return Base(score) if is_plain else Base(score, cells={"base_score": cell})

    @property
    def labels(self) -> dict[str, str]:
        return {**super().labels, "base_score": BASES}

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        # The first section with the name of a course stands for the whole gradebook.
        text = cells[self.places[name]].strip()
        self.course = self.courses.named_in_full(text) or self.course
        return any(self.course)

    def is_about_columns(self, row: Row) -> bool:
        return self._nobody(row) in ("", POINTS.casefold())

    def _nobody(self, row: Row) -> str | None:
        """The name in a row that has no student's ID; None for a row that has one."""
        if row.syntax_error or len(row.cells) != self.width:
            return None
        cells = Cells(self, row.cells)
        return None if cells["sis user id"] else cells["student"].casefold()

    def translated(self, row: Row) -> Iterator[Row]:
        nobody = self._nobody(row)
        # Rows about columns, and the test student of Canvas, are no student's.
        if nobody == POINTS.casefold():
            maxima = {at: row.cells[at].strip() for at in self.scores}
            self.points = {at: text for at, text in maxima.items() if text[:1] != "("}
        elif nobody not in ("", TEST_STUDENT):
            yield from super().translated(row)

    @classmethod
    def heading(cls, columns: Columns) -> list[list[str]]:
        """Names with codes, then maxima. Raises ExportRefused for a code with unpaired brackets."""
        names = [f"{column.title or column.code} ({column.code})" for column in columns]
        for column, name in zip(columns, names, strict=True):
            if assignment_code(name) != column.code:
                message = _(
                    "A Canvas gradebook has an assessment's code in brackets, and “%(code)s” would "
                    "not be read again. Give the assessment another code."
                )
                raise ExportRefused(message % {"code": column.code})
        points = [f"    {POINTS}", *[""] * (len(cls.written) - 1)]
        most = [column.most for column in columns]
        return [[*cls.written, *names, BASES], [*points, *most, READ_ONLY]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        name = ", ".join(filter(None, (learner.last_name, learner.first_name)))
        known = learner.student_id
        # The ID is a number of Canvas' own, so it stays blank.
        own = [name, "", known, known, next(joined(course))]
        return [*own, *(scores.get(column.code, "") for column in columns), bases_of(scores)]


def _edx_course(cells: Cells) -> Course:
    """The course of `course-v1:Organisation+CODE+RUN`."""
    parts = cells["course_id"].split("+")
    return (parts[-2], parts[-1]) if len(parts) == 3 else cells.course("course_id")


class EdxOverrides(Gradebook):
    """Grade overrides; what has no new override stays as it is."""

    dialect, title = "edx", _("Open edX grade overrides")
    needs = frozenset({"user_id", "username", "course_id", "track", "cohort"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(
            ("student_key", "username"), lambda cells: cells.first("student_key", "username")
        ),
        **pair(COURSE_KEY, ("course_id",), _edx_course),
    }
    written = ("user_id", "username", "student_key", "course_id", "track", "cohort")

    def is_placed(self, name: str) -> bool:
        return name.startswith((OVERRIDE, PREVIOUS))

    def _scores(self) -> dict[int, str]:
        return {at: code for code, at in self.of_code[OVERRIDE].items()}

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
            for at, code in self.scores.items()
        }

    @property
    def sparse(self) -> frozenset[str]:
        names = (self.names[at] for at in self.previous.values())
        return super().sparse.union(names if "base_score" in self.active_sources else ())

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
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
        if filled:
            self.leave(["base_score"])

    @classmethod
    def heading(cls, columns: Columns) -> list[list[str]]:
        prefixes = ("name-", "grade-", ORIGINAL, PREVIOUS, OVERRIDE)
        return [
            [*cls.written, *(f"{name}{column.code}" for column in columns for name in prefixes)]
        ]

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
