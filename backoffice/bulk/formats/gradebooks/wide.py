"""Gradebooks with scores in columns, one for each assessment; each score is a row of ours."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext

from backoffice.admin_site.spreadsheets import NUMBER
from backoffice.bulk.formats.base import Cells, ColumnSource, NotTranslated
from backoffice.bulk.formats.base_scores import bases_in
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.formats.gradebooks.meanings import MappedTable, ScoreColumn, without_students
from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import ReaderIssue, Row
from backoffice.bulk.values.cell_origins import NOTHING, OTHERS, Origin
from backoffice.bulk.values.faults import Fault, FileRefused

# The scores of a line when our file was written; behind it the course, where no cell names that.
BASES, OF_COURSE = "Scores at export", " of "
IN_BASES = re.compile(f"{BASES}(?:{OF_COURSE}(?P<course>.+))?", re.IGNORECASE)
EXCUSED = "ex"


class AssessmentColumn(NamedTuple):
    """A column of a gradebook: code, title and maximum of its assessment.

    `header` is the column's own name in the other system, where somebody mapped it.
    """

    code: str
    title: str
    most: str
    header: str = ""


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


class CellDetail(NamedTuple):
    """A cell that says more about a score, under a header of its own."""

    value: str
    cell: str
    header: str


class Gradebook(MappedTable):
    """A table of students and scores."""

    above: ClassVar[Mapping[str, str]] = {"assessment_id": ""}
    # By position, not by a name: see `scores`.
    placed: ClassVar[tuple[str, ...]] = ("assessment_id", "score")

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        self.columns = self._columns()
        self.scores = {at: column.texts[0] for at, column in self.columns.items()}
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
        """Whether a column of this name is read by its position."""
        headers = {column.header for column in self.columns.values()}
        return name in headers or bool(IN_BASES.fullmatch(name))

    def _columns(self) -> dict[int, ScoreColumn]:
        """What the file has scores of, by the place of the column. Subclasses say so."""
        raise NotImplementedError

    def score_columns(self) -> list[ScoreColumn]:
        return list(self.columns.values())

    def resolve(self, batch: Batch) -> None:
        super().resolve(batch)
        self.scores = {
            at: code
            for at, column in self.columns.items()
            if (code := self.codes[column.header]) != IGNORED and column not in self.passed
        }

    @cached_property
    def bases_at(self) -> int | None:
        """The place of the scores at export, None without them."""
        places = (at for at, name in enumerate(self.header) if IN_BASES.fullmatch(name.strip()))
        return next(places, None)

    def own_course(self) -> Course | None:
        at = self.bases_at
        match = IN_BASES.fullmatch(self.header[at].strip()) if at is not None else None
        text = match.group("course") if match else None
        return self.courses.named_in_full(text) if text else None

    @property
    def labels(self) -> dict[str, str]:
        at = self.bases_at
        return super().labels | ({} if at is None else {"base_score": self.header[at].strip()})

    def _has_bases(self) -> bool:
        return self.bases_at is not None

    def _bases(self, row: Row) -> Mapping[int, Base]:
        """The scores at export by the places of their columns; a missing one was blank."""
        at = self.bases_at
        if at is None or "base_score" not in self.active_sources:
            return {}
        # By code, not by place: columns may be deleted, and stand in another order.
        cell = row.cells[at].strip()
        bases = bases_in(cell)
        return {at: self._base(bases.get(code, ""), cell) for at, code in self.scores.items()}

    def _base(self, score: str, cell: str) -> Base:
        # The whole cell is long, so it goes with a row only where an error will quote it.
        is_plain = not score or NUMBER.match(score)
        return Base(score) if is_plain else Base(score, cells={"base_score": cell})

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
            if not self.is_blank(row.cells[at].strip()):
                yield self._score(shared, at)

    def is_blank(self, cell: str) -> bool:
        """Whether the cell says nothing."""
        return not cell

    def no_grade(self, cell: str) -> str:
        """The message about a cell that says that there is no grade; blank for a score."""
        if cell.casefold() == EXCUSED:
            return gettext("{column} “{value}”: an excused assessment has no grade here.")
        return ""

    def details(self, row: Row, at: int) -> dict[str, CellDetail]:
        """What other columns say about the score at this place."""
        most = self.points.get(at, "")
        return {"max_score": CellDetail(most, most, "")} if most else {}

    def points_of(self, cell: str, at: int) -> str:
        """The score in points."""
        return cell

    def _score(self, shared: "Shared", at: int) -> Row:
        line, cell, header = shared.row.line, shared.row.cells[at], self.header[at].strip()
        if template := self.no_grade(cell.strip()):
            issue = ReaderIssue(Fault("left_out", template, is_warning=True), header, cell.strip())
            return Row(line, [], reader_issues=(issue,), is_left_out=True)
        details, base = self.details(shared.row, at), shared.bases.get(at, NO_BASE)
        values = {**dict.fromkeys(self.placed, ""), **self.constants, **shared.values}
        values |= {name: each.value for name, each in details.items()}
        values |= {"score": self.points_of(cell, at), "assessment_id": self.scores[at]}
        cells = {name: each.cell for name, each in details.items()}
        headers = {name: each.header for name, each in details.items() if each.header}
        # The name of the assessment is the header itself: it has no cell besides.
        origin = Origin(
            {**shared.origin.cells, "score": cell, **cells, **base.cells, "assessment_id": ""},
            {**shared.origin.headers, **headers, **base.headers, OTHERS: header},
        )
        values["base_score"] = base.score
        return Row(line, [values[name] for name in self.active_sources], origin=origin)

    @classmethod
    def heading(cls, columns: Columns, course: Course) -> list[list[str]]:
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


class NamedColumns(Gradebook):
    """A gradebook of a system that knows assessments by their names, not by codes of ours."""

    student_label: ClassVar[str]
    passed_over = frozenset({*MappedTable.passed_over, "groups"})
    # Columns with something of an assessment that is no score, such as a letter; by their header.
    not_scores: Sequence[str] = ()

    def check(self, batch: Batch) -> None:
        """Raise FileRefused without the column that says who a student is, or without scores."""
        # Names are not unique enough to match students by.
        if "student_id" not in self.active_sources:
            raise without_students(self.title, self.student_label)
        if not self.columns:
            raise FileRefused("missing_column", self._without_scores(), line=1)

    def _without_scores(self) -> str:
        message = gettext("The file reads as “%(title)s”, but has no column of points. %(advice)s")
        return message % {"title": self.title, "advice": self.advice()}

    def advice(self) -> Any:
        """How to export a file with points."""
        return ""

    @property
    def reader_issues(self) -> tuple[ReaderIssue, ...]:
        template = gettext("{column} holds no points; the column is passed over.")
        fault = Fault("column_left_out", template, is_warning=True)
        left = tuple(ReaderIssue(fault, header, "") for header in self.not_scores)
        return (*super().reader_issues, *left)


def bases_header(course: Course) -> str:
    return f"{BASES}{OF_COURSE}{next(joined(course))}"


def short(most: str) -> str:
    """A maximum without zeros that say nothing."""
    return most.rstrip("0").rstrip(".") if "." in most else most
