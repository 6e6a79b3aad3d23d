"""Which history rows belong to the record of a person, to a course, or to one kind of row.

The rows of a person are found by the `paths_to_people` of a model, those of a course by
`course_path`. A deleted row is found by what its last version says, for which there are indexes;
one that was moved is found where it belongs now.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.text import capfirst

from backoffice.admin_site.pages.dashboard import Bounded
from backoffice.audit.models.anomalies import histories
from backoffice.audit.models.history import DELETED

MOST_COUNTED = 1_000
Rows = models.QuerySet[Any]
History = type[models.Model]
ParentKeys = Mapping[str, Any]  # keys of rows by the paths that lead to them


@dataclass(frozen=True)
class HistoryScope:
    """What a reader narrows history to; each is the key of a row, the model a label, or nothing."""

    model: str = ""
    student: int | None = None
    course: int | None = None

    def __bool__(self) -> bool:
        return bool(self.model or self.student or self.course)

    def histories(self) -> list[History]:
        return [each for each in histories() if self._fits(each.instance_type)]

    def _fits(self, model: Any) -> bool:
        of_model = self.model in ("", model._meta.label_lower)
        of_person = not self.student or bool(model.paths_to_people())
        return of_model and of_person and (not self.course or lies_in_course(model))

    def rows(self) -> Iterator[Rows]:
        """Querysets of history rows, one for each way in which they belong."""
        for history in self.histories():
            if self.student:
                yield from self._of_student(history)
            elif self.course:
                yield with_keys(history, keys_of(history, {course_path(history): self.course}))
            else:
                yield history._base_manager.all()

    def _of_student(self, history: History) -> Iterator[Rows]:
        for path in history.instance_type.paths_to_people():
            parent_keys = {path: self.student}
            if self.course:
                parent_keys |= {course_path(history): self.course}
            yield with_keys(history, keys_of(history, parent_keys))


def course_path(history: History) -> str:
    return history.instance_type.course_path


def lies_in_course(model: Any) -> bool:
    """Whether a row of the model lies in one course; a person is in many."""
    path = getattr(model, "course_path", None)
    if path is None:
        return False
    for name in filter(None, path.split("__")):
        field = model._meta.get_field(name)
        if field.one_to_many:
            return False
        model = field.related_model
    return True


def keys_of(history: History, parent_keys: ParentKeys, among: Sequence[int] | None = None) -> Rows:
    """The keys of rows, current or deleted, that belong to the rows with these keys, by path.

    `among` limits them to rows with these keys.
    """
    model: Any = history.instance_type
    key = model._meta.pk.attname
    current = model._base_manager.filter(**{path or "pk": at for path, at in parent_keys.items()})
    deleted = history._base_manager.filter(history_type=DELETED)
    for path, at in parent_keys.items():
        deleted = deleted.filter(**_with_parent_keys(model, path, at))
    if among is not None:
        current, deleted = current.filter(pk__in=among), deleted.filter(**{f"{key}__in": among})
    keys = current.order_by().values(key=models.F("pk"))
    return keys.union(deleted.order_by().values(key=models.F(key)), all=True)


def _with_parent_keys(model: Any, path: str, key: Any) -> dict[str, Any]:
    """The condition that a history row belongs to the row with this key."""
    first, _sep, rest = path.partition("__")
    if not rest:
        return {first or model._meta.pk.attname: key}
    parent = model._meta.get_field(first).related_model.history.model
    return {f"{first}__in": keys_of(parent, {rest: key})}


def with_keys(history: History, keys: Rows) -> Rows:
    """The history of the rows with these keys."""
    return history._base_manager.filter(**{f"{history.instance_type._meta.pk.attname}__in": keys})


def counted(touched: HistoryScope) -> list[tuple[str, str, Bounded]]:
    """Label, name and number of changes of each kind of such rows; one query."""
    parts = list(touched.rows())
    bound = [CountedTo(part.order_by().values("pk")[: MOST_COUNTED + 1]) for part in parts]
    row = ContentType.objects.order_by("pk").values_list(*bound).first() if bound else ()
    totals: Counter[Any] = Counter()
    for part, count in zip(parts, row or (), strict=False):
        totals[part.model.instance_type._meta] += count
    return [
        (opts.label_lower, capfirst(opts.verbose_name_plural), bounded_to(count))
        for opts, count in totals.items()
        if count
    ]


class CountedTo(models.Subquery):
    """How many rows there are, counted no further than to a bound."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = models.IntegerField()


def bounded_to(count: int) -> Bounded:
    """A count as people read it that stopped after `MOST_COUNTED`."""
    return Bounded(min(count, MOST_COUNTED), count > MOST_COUNTED)
