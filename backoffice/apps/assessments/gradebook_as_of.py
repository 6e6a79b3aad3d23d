"""The gradebook of a course as it stood at a moment, and its cells that differ between two."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db import models
from django.utils.functional import cached_property

from backoffice.admin_site.pages.history import plain
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.enrollments.roster_as_of import (
    ChangeKind,
    name_order,
    people_as_of,
    roster,
    student_id_of,
)
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.reports.as_of import changed_between, rows_as_of
from backoffice.audit.reports.wording import worded

COLUMN_FIELDS = (
    *("code", "title", "assessment_type", "status", "weight", "max_score", "grading_method"),
    "due_date",
)
MARK_FIELDS = ("attempt", "status", "score", "is_late")
CENT = Decimal("0.01")
Status, Method = AssessmentSubmission.Status, Assessment.GradingMethod
CellKey = tuple[int, int]  # student, assessment


@dataclass(frozen=True)
class Mark:
    """What counted in a cell: the score, the state of the work, how many attempts there were."""

    score: Decimal | None
    status: str
    attempts: int
    is_late: bool

    @property
    def points(self) -> Any:
        return "–" if self.score is None else plain(self.score)

    @property
    def state(self) -> str:
        # History may hold a status that is none any more.
        return str(Status(self.status).label) if self.status in Status else self.status


@dataclass(frozen=True)
class Cell:
    """A mark at the later moment, and at the earlier one of a difference."""

    mark: Mark | None
    before: Mark | None = None
    is_changed: bool = False


@dataclass(frozen=True)
class GradeColumn:
    """An assessment as it stood, and what became of it."""

    row: Any  # of the history of Assessment, a model that simple-history makes at run time
    change: ChangeKind | None = None

    @property
    def name(self) -> str:
        return self.row.title or f"{worded(self.row, 'assessment_type')} {self.row.code}"

    @property
    def facts(self) -> dict[str, str]:
        return {name: worded(self.row, name) for name in COLUMN_FIELDS}


@dataclass(frozen=True)
class GradeRow:
    """A student with a cell for each assessment."""

    person: User
    status: str
    cells: list[Cell]
    change: ChangeKind | None = None


def assessments(course: Course, moment: datetime) -> dict[int, Any]:
    """The assessments of the course at that moment by key, in the order in which they were due."""
    rows = rows_as_of(Assessment, moment, course=course.pk).only("id", "course", *COLUMN_FIELDS)
    rows = rows.order_by(models.F("due_date").asc(nulls_last=True), "code")
    return {row.id: row for row in rows}


def students(course: Course, moment: datetime) -> models.QuerySet[Any]:
    return roster(course, moment).filter(role=Enrollment.Role.STUDENT)


def marks(tasks: dict[int, Any], people: Iterable[int], moment: datetime) -> dict[CellKey, Mark]:
    where = {"assessment__in": list(tasks), "student__in": list(people)}
    attempts: dict[CellKey, list[Any]] = defaultdict(list)
    rows = rows_as_of(AssessmentSubmission, moment, **where)
    rows = rows.only("assessment", "student", *MARK_FIELDS).order_by("attempt")
    for row in rows:
        attempts[row.student_id, row.assessment_id].append(row)
    return {key: counted(tasks[key[1]].grading_method, rows) for key, rows in attempts.items()}


def counted(method: str, attempts: list[Any]) -> Mark:
    """What counts of the attempts, which come in their order; ungraded ones only where alone."""
    scored = [each for each in attempts if each.score is not None] or attempts
    chosen = scored[0] if method == Method.FIRST else scored[-1]
    if method == Method.HIGHEST:
        chosen = max(scored, key=lambda each: each.score or 0)
    score = chosen.score
    if method == Method.AVERAGE and score is not None:
        score = (sum(each.score for each in scored) / len(scored)).quantize(CENT)
    return Mark(score, chosen.status, len(attempts), chosen.is_late)


def grade_rows(rows: Iterable[Any], tasks: dict[int, Any], moment: datetime) -> list[GradeRow]:
    """The gradebook for these rows of the roster."""
    rows = list(rows)
    keys = [row.student_id for row in rows]
    people, cells = people_as_of(keys, moment), marks(tasks, keys, moment)
    return [
        GradeRow(
            people[row.student_id],
            worded(row, "status"),
            [Cell(cells.get((row.student_id, task))) for task in tasks],
        )
        for row in rows
    ]


class GradeDifference:
    """What differs in the gradebook of a course between two moments, the earlier one first."""

    def __init__(self, course: Course, since: datetime, until: datetime) -> None:
        self.course, self.since, self.until = course, since, until
        self.before, self.after = (assessments(course, moment) for moment in (since, until))
        # Those that are gone come last.
        self.tasks = self.after | {k: v for k, v in self.before.items() if k not in self.after}

    @property
    def columns(self) -> list[GradeColumn]:
        return [GradeColumn(row, self._change_of(key)) for key, row in self.tasks.items()]

    def _change_of(self, key: int) -> ChangeKind | None:
        old, new = self.before.get(key), self.after.get(key)
        kind, values = ChangeKind.between(old, new), attrgetter(*COLUMN_FIELDS)
        is_same = kind == ChangeKind.CHANGED and values(old) == values(new)
        return None if is_same else kind

    @cached_property
    def people(self) -> list[User]:
        """The students in whose row anything may differ, by name."""
        known = people_as_of({*self._regraded, *self._roster_changes}, self.until)
        return sorted(known.values(), key=name_order)

    @property
    def _regraded(self) -> set[int]:
        values = attrgetter(*MARK_FIELDS)
        pairs = changed_between(
            AssessmentSubmission,
            self.since,
            self.until,
            ("assessment", "student", *MARK_FIELDS),
            assessment__in=list(self.tasks),
        )
        student_ids = {
            student_id_of(before, after)
            for before, after in pairs.values()
            if before is None or after is None or values(before) != values(after)
        }
        # Work that did not change differs too where another attempt counts, or the column is new.
        recounted = [key for key in self.tasks if self._is_recounted(key)]
        for moment in (self.since, self.until) if recounted else ():
            rows = rows_as_of(AssessmentSubmission, moment, assessment__in=recounted)
            student_ids.update(rows.values_list("student_id", flat=True))
        return student_ids

    def _is_recounted(self, key: int) -> bool:
        old, new = self.before.get(key), self.after.get(key)
        return old is None or new is None or old.grading_method != new.grading_method

    @cached_property
    def _roster_changes(self) -> dict[int, ChangeKind]:
        """Students who were added to the roster or removed from it."""
        fields, where = ("student", "role"), {"course": self.course.pk, "role": "student"}
        pairs = changed_between(Enrollment, self.since, self.until, fields, **where)
        return {
            student_id_of(before, after): ChangeKind.between(before, after)
            for before, after in pairs.values()
            if before is None or after is None
        }

    def rows(self, people: Iterable[User]) -> list[GradeRow]:
        """The gradebook for these students, with both marks in a cell."""
        people = list(people)
        keys = [person.pk for person in people]
        old = marks(self.before, keys, self.since)
        new = marks(self.after, keys, self.until)
        return [
            GradeRow(
                person,
                "",
                [_cell(old.get((person.pk, key)), new.get((person.pk, key))) for key in self.tasks],
                self._roster_changes.get(person.pk),
            )
            for person in people
        ]


def _cell(before: Mark | None, after: Mark | None) -> Cell:
    return Cell(after, before, before != after)
