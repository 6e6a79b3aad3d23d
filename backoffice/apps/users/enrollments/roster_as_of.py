"""The roster of a course as it stood at a moment, and what changed on it between two."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.reports.as_of import changed_between, rows_as_of
from backoffice.audit.reports.wording import label_of, worded

# Not when somebody was last active: that changes all day and says nothing of the roster.
FIELDS = (
    *("role", "status", "enrolled_on", "withdrawn_on"),
    *("final_result", "final_grade", "progress_percent"),
)
NAMES = ("username", "first_name", "last_name", "student_id")
BY_NAME = ("student__last_name", "student__first_name", "id")
AT_ONCE = 1_000
WHO = ("student_id", "username", "name")  # how a file names a person


class ChangeKind(models.TextChoices):
    """What became of a row between two moments."""

    ADDED = "added", _("added")
    CHANGED = "changed", _("changed")
    REMOVED = "removed", _("removed")

    @property
    def colour(self) -> str:
        return {self.ADDED: "success", self.CHANGED: "info", self.REMOVED: "warning"}[self]

    @classmethod
    def between(cls, before: object, after: object) -> "ChangeKind":
        """The kind of two versions, of which one may be None."""
        if before is None:
            return cls.ADDED
        return cls.REMOVED if after is None else cls.CHANGED


def who(person: User) -> list[object]:
    """A person as a file names them: see WHO."""
    return [person.student_id, person.username, str(person)]


@dataclass(frozen=True)
class RosterEntry:
    """Somebody on the roster, under the name of that moment."""

    person: User
    row: models.Model

    @property
    def values(self) -> list[str]:
        """The values of FIELDS as people read them."""
        return [worded(self.row, name) for name in FIELDS]


@dataclass(frozen=True)
class RosterChange:
    """What became of somebody on the roster; `changes` are label, before and after."""

    person: User
    kind: ChangeKind
    changes: list[tuple[str, str, str]]


def labels() -> list[str]:
    """What the columns of FIELDS are called."""
    return [label_of(Enrollment, name) for name in FIELDS]


def roster(course: Any, moment: datetime) -> models.QuerySet[Any]:
    """The enrollments of the course at that moment, in the order of the names of today."""
    rows = rows_as_of(Enrollment, moment, course=course.pk)
    return rows.only("student", *FIELDS).order_by(*BY_NAME)


def counts(rows: models.QuerySet[Any]) -> list[tuple[str, int]]:
    """How many of each status there are on a roster."""
    by_status = dict(rows.order_by().values_list("status").annotate(Count("pk")))
    return [(label, by_status.get(status, 0)) for status, label in Enrollment.Status.choices]


def entries(rows: Iterable[Any], moment: datetime) -> Iterator[RosterEntry]:
    """The rows of a roster with the people as they were called then."""
    rows = iter(rows)
    while batch := list(islice(rows, AT_ONCE)):
        people = people_as_of([row.student_id for row in batch], moment)
        yield from (RosterEntry(people[row.student_id], row) for row in batch)


def people_as_of(keys: Iterable[int], moment: datetime) -> dict[int, User]:
    """People by key, with their names of that moment."""
    ids = set(keys)
    rows = rows_as_of(User, moment, id__in=ids).values("id", *NAMES) if ids else ()
    known = {row["id"]: User(**row) for row in rows}
    return {
        key: known.get(key) or User(id=key, username=_("person %(key)d") % {"key": key})
        for key in ids
    }


def roster_changes(course: Any, since: datetime, until: datetime) -> list[RosterChange]:
    """Who was added to the roster, removed from it, or changed on it, by name."""
    pairs = changed_between(Enrollment, since, until, ("student", *FIELDS), course=course.pk)
    values = [(before, after, _changes(before, after)) for before, after in pairs.values()]
    changed = [each for each in values if each[2]]
    people = people_as_of([student_id_of(*each[:2]) for each in changed], until)
    lines = [
        RosterChange(
            people[student_id_of(before, after)], ChangeKind.between(before, after), changes
        )
        for before, after, changes in changed
    ]
    return sorted(lines, key=lambda line: name_order(line.person))


def student_id_of(before: Any, after: Any) -> int:
    """The key of the student of two versions of a row, of which one may be None."""
    student_id: int = (after or before).student_id
    return student_id


def name_order(person: User) -> tuple[str, str, int]:
    """The sort key of a list of people."""
    return person.last_name.casefold(), person.first_name.casefold(), person.pk


def _changes(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """What differs; of somebody who came or went, all that is not blank."""
    values = [
        (label, worded(before, name) if before else "", worded(after, name) if after else "")
        for name, label in zip(FIELDS, labels(), strict=True)
    ]
    return [(label, old, new) for label, old, new in values if old != new]
