"""The gradebook of a course as it stood at a moment, and its cells that differ between two.

A cell holds what counted then: of several attempts the one, or the average, that the assessment
said at that moment.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.functional import cached_property

from backoffice.admin_site.pages.history import plain
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.models import Enrollment, User
from backoffice.apps.users.roster_as_of import people_as_of, roster
from backoffice.audit.reports.as_of import changed_between, rows_as_of
from backoffice.audit.reports.wording import worded

COLUMN_FIELDS = (
    *("code", "title", "assessment_type", "status", "weight", "max_score", "grading_method"),
    "due_date",
)
MARK_FIELDS = ("assessment", "student", "attempt", "status", "score", "is_late")
CENT = Decimal("0.01")
Status, Method = AssessmentSubmission.Status, Assessment.GradingMethod
Place = tuple[int, int]  # student, assessment


@dataclass(frozen=True)
class Mark:
    """What counted in a cell: the score, the state of the work, how many attempts there were."""

    score: Decimal | None
    status: str
    attempts: int
    is_late: bool

    @property
    def points(self) -> str:
        """The score, or a dash where there is none."""
        return "–" if self.score is None else plain(self.score)

    @property
    def state(self) -> str:
        """The state in words."""
        return str(Status(self.status).label) if self.status in Status else self.status

    @property
    def is_final(self) -> bool:
        """Whether the grade was final."""
        return self.status == Status.FINALIZED


@dataclass(frozen=True)
class Cell:
    """A mark at the later moment, and at the earlier one of a difference."""

    mark: Mark | None
    before: Mark | None = None
    is_changed: bool = False


@dataclass(frozen=True)
class GradeColumn:
    """An assessment as it stood; `turn` says what became of it: +, - or ~, blank for nothing."""

    row: models.Model
    change: str = ""

    @property
    def name(self) -> str:
        """As the assessment is called."""
        return self.row.title or f"{worded(self.row, 'assessment_type')} {self.row.code}"

    @property
    def facts(self) -> dict[str, str]:
        """Its fields as people read them."""
        return {name: worded(self.row, name) for name in COLUMN_FIELDS}


@dataclass(frozen=True)
class GradeRow:
    """A student with a cell for each assessment."""

    person: User
    status: str
    cells: list[Cell]
    change: str = ""


def assessments(course: Any, moment: datetime) -> dict[int, Any]:
    """The assessments of the course at that moment, in the order in which they were due."""
    rows = rows_as_of(Assessment, moment, course=course.pk).only("id", "course", *COLUMN_FIELDS)
    rows = rows.order_by(models.F("due_date").asc(nulls_last=True), "code")
    return {row.id: row for row in rows}


def students(course: Any, moment: datetime) -> models.QuerySet[Any]:
    """The students on the roster at that moment, by name."""
    return roster(course, moment).filter(role=Enrollment.Role.STUDENT)


def marks(tasks: dict[int, Any], people: Iterable[int], moment: datetime) -> dict[Place, Mark]:
    """What counted at that moment, by student and assessment."""
    where = {"assessment__in": list(tasks), "student__in": list(people)}
    attempts: dict[Place, list[Any]] = defaultdict(list)
    rows = rows_as_of(AssessmentSubmission, moment, **where).only(*MARK_FIELDS)
    for row in rows.order_by("attempt"):
        attempts[row.student_id, row.assessment_id].append(row)
    return {
        place: counted(tasks[place[1]].grading_method, tries) for place, tries in attempts.items()
    }


def counted(method: str, tries: list[Any]) -> Mark:
    """What counts of the attempts, which come in their order; ungraded ones only where alone."""
    scored = [each for each in tries if each.score is not None] or tries
    chosen = scored[0] if method == Method.FIRST else scored[-1]
    if method == Method.HIGHEST:
        chosen = max(scored, key=lambda each: each.score or 0)
    score = chosen.score
    if method == Method.AVERAGE and score is not None:
        score = (sum(each.score for each in scored) / len(scored)).quantize(CENT)
    return Mark(score, chosen.status, len(tries), chosen.is_late)


def lines(rows: Iterable[Any], tasks: dict[int, Any], moment: datetime) -> list[GradeRow]:
    """The lines of the gradebook for these rows of the roster."""
    rows = list(rows)
    keys = [row.student_id for row in rows]
    people, by_place = people_as_of(keys, moment), marks(tasks, keys, moment)
    return [
        GradeRow(
            people[row.student_id],
            worded(row, "status"),
            [Cell(by_place.get((row.student_id, task))) for task in tasks],
        )
        for row in rows
    ]


def _mark_values(row: Any) -> list[Any] | None:
    return (
        [getattr(row, name) for name in ("attempt", "status", "score", "is_late")] if row else None
    )


class GradeDifference:
    """What differs in the gradebook of a course between two moments, the earlier one first."""

    def __init__(self, course: Any, since: datetime, until: datetime) -> None:
        self.course, self.since, self.until = course, since, until
        self.before, self.after = (assessments(course, moment) for moment in (since, until))
        self.tasks = self.after | {k: v for k, v in self.before.items() if k not in self.after}

    @property
    def columns(self) -> list[GradeColumn]:
        """The assessments of both moments, those that are gone last."""
        return [GradeColumn(row, self._change_of(key)) for key, row in self.tasks.items()]

    def _change_of(self, key: int) -> str:
        old, new = self.before.get(key), self.after.get(key)
        if old is None or new is None:
            return "+" if old is None else "-"
        same = all(getattr(old, name) == getattr(new, name) for name in COLUMN_FIELDS)
        return "" if same else "~"

    @cached_property
    def people(self) -> list[User]:
        """The students in whose line anything may differ, by name."""
        known = people_as_of({*self._marked_anew(), *self._roster_changes}, self.until)
        return sorted(known.values(), key=lambda one: (one.last_name, one.first_name, one.pk))

    def _marked_anew(self) -> set[int]:
        pairs = changed_between(
            AssessmentSubmission,
            self.since,
            self.until,
            MARK_FIELDS,
            assessment__in=list(self.tasks),
        )
        student_ids = {
            (after or before).student_id
            for before, after in pairs.values()
            if _mark_values(before) != _mark_values(after)
        }
        recounted = [key for key in self.tasks if self._is_recounted(key)]
        for moment in (self.since, self.until) if recounted else ():
            rows = rows_as_of(AssessmentSubmission, moment, assessment__in=recounted)
            student_ids.update(rows.values_list("student_id", flat=True))
        return student_ids

    def _is_recounted(self, key: int) -> bool:
        """Whether another attempt may count than before, or the assessment is not in both."""
        old, new = self.before.get(key), self.after.get(key)
        return old is None or new is None or old.grading_method != new.grading_method

    @cached_property
    def _roster_changes(self) -> dict[int, str]:
        """Students who came to the roster or left it: + or -."""
        fields, where = ("student", "role"), {"course": self.course.pk, "role": "student"}
        pairs = changed_between(Enrollment, self.since, self.until, fields, **where)
        return {
            (after or before).student_id: "+" if before is None else "-"
            for before, after in pairs.values()
            if before is None or after is None
        }

    def lines(self, people: Iterable[User]) -> list[GradeRow]:
        """The lines of these students."""
        people = list(people)
        keys = [one.pk for one in people]
        old = marks(self.before, keys, self.since)
        new = marks(self.after, keys, self.until)
        return [
            GradeRow(
                one,
                "",
                [self._cell(old.get((one.pk, key)), new.get((one.pk, key))) for key in self.tasks],
                self._roster_changes.get(one.pk, ""),
            )
            for one in people
        ]

    def _cell(self, before: Mark | None, after: Mark | None) -> Cell:
        return Cell(after, before, before != after)
