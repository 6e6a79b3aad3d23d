"""Marks by criterion, as they are given for a grade or a peer review: checked and stored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import RubricCriterion
from backoffice.apps.assessments.models.levels import is_broken

Errors = dict[str, list[ValidationError]]
MARKS = ("level", "points", "comment")


@dataclass(frozen=True)
class MarkInput:
    """What is given for one criterion: a level's key, points, a comment; None for a blank one."""

    level: int | None = None
    points: Decimal | None = None
    comment: str = ""

    @property
    def is_blank(self) -> bool:
        return self.level is None and self.points is None and not self.comment


class MarkSheet:
    """The marks of a piece of work, or of a review, as they would be once they are stored.

    `stored` holds those there are, by the key of their criterion; `make` makes a new one, of its
    criterion, level, points, comment and maximum. What is wrong stands in `errors`, by the names of
    the form.
    """

    def __init__(
        self,
        criteria: Iterable[RubricCriterion],
        stored: Mapping[int, Any],
        make: Callable[..., Any],
    ) -> None:
        self.criteria = {each.pk: each for each in criteria}
        self.stored, self.make = stored, make
        self.marks: dict[int, Any] = dict(stored)
        self.errors: Errors = {}

    def add_error(self, name: str, message: str, code: str) -> None:
        self.errors.setdefault(name, []).append(ValidationError(message, code=code))

    def enter(self, entered: Mapping[int, MarkInput]) -> None:
        """Put in what is given; a blank one is none, and what is not named stays as it is."""
        for key, mark in entered.items():
            criterion = self.criteria.get(key)
            if criterion is None:
                message = _("This criterion belongs to another rubric than the work is marked by.")
                self.add_error(f"criterion-{key}-level", message, "other_rubric")
            elif mark.is_blank:
                self.marks.pop(key, None)
            else:
                self._put(criterion, mark)

    def _put(self, criterion: RubricCriterion, mark: MarkInput) -> None:
        name = f"criterion-{criterion.pk}"
        levels = {level.pk: level for level in criterion.levels.all()}
        level = levels.get(mark.level) if mark.level is not None else None
        if mark.level is not None and level is None:
            message = _("This level belongs to another criterion. Choose one of “%(criterion)s”.")
            self.add_error(f"{name}-level", message % {"criterion": criterion}, "other_criterion")
            return
        points = level.points if mark.points is None and level else mark.points
        if points is None:
            message = _("“%(criterion)s” has a comment and no points. Choose a level, or say how "
                        "many points.")  # fmt: skip
            self.add_error(f"{name}-points", message % {"criterion": criterion}, "no_points")
            return
        row = self.make(
            criterion=criterion,
            level=level,
            points=points,
            comment=mark.comment,
            maximum=criterion.max_points,
        )
        self._check_points(row, f"{name}-points")
        self.marks[criterion.pk] = row

    def _check_points(self, row: Any, name: str) -> None:
        if not 0 <= row.points <= row.maximum:
            message = _("“%(criterion)s” gives from 0 to %(most)s points.")
            values = {"criterion": row.criterion, "most": f"{row.maximum.normalize():f}"}
            self.add_error(name, message % values, "out_of_range")
        elif is_broken(row):
            for rule in type(row).trigger_rules:
                if rule.is_broken is is_broken:
                    self.add_error(name, str(rule.message), rule.code)

    @property
    def missing(self) -> list[RubricCriterion]:
        """The criteria without points."""
        return [each for key, each in self.criteria.items() if key not in self.marks]

    @property
    def removed(self) -> list[Any]:
        """The stored marks that are taken away."""
        return [row for key, row in self.stored.items() if key not in self.marks]

    def changed(self) -> Iterator[Any]:
        """The marks that are new or other ones, and those that are taken away."""
        yield from differing(self.marks, self.stored)
        yield from self.removed

    def store(self, model: Any, owner: str) -> None:
        """Write what differs; `owner` names the foreign key to what is marked."""
        store_rows(model, (owner, "criterion"), MARKS, differing(self.marks, self.stored))
        if removed := self.removed:
            model._base_manager.filter(pk__in=[row.pk for row in removed]).delete()


def differing(marks: Mapping[int, Any], stored: Mapping[int, Any]) -> list[Any]:
    """Those of the marks that are new, or differ from the stored one in what is given."""
    return [
        mark
        for key, mark in marks.items()
        if key not in stored or _marks_of(mark) != _marks_of(stored[key])
    ]


def _marks_of(mark: Any) -> tuple[Any, ...]:
    return tuple(getattr(mark, name) for name in mark.marks)


def store_rows(
    model: Any, unique: tuple[str, ...], changed: tuple[str, ...], rows: Iterable[Any]
) -> None:
    """Insert or update these rows by one statement."""
    made = list(rows)
    if made:
        model._base_manager.bulk_create(
            made, update_conflicts=True, unique_fields=unique, update_fields=changed
        )
