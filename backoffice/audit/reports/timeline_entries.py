"""The entries of a timeline: a change set with what it changed, in short."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from backoffice.audit.models import ChangeSet
from backoffice.audit.reports.changes import Kind, RowChange, by_change_set, first_rows, kinds_of
from backoffice.audit.reports.scope import HistoryScope

MOST_ROWS = 5
FENCE = 20_000


@dataclass(frozen=True)
class TimelineEntry:
    """A change set, the kinds of rows it changed, and the first of them."""

    change_set: ChangeSet
    kinds: Sequence[Kind]
    rows: Sequence[RowChange]

    @property
    def is_cut(self) -> bool:
        return sum(kind.count.number for kind in self.kinds) > len(self.rows)


def entries_of(
    change_sets: Sequence[ChangeSet], touched: HistoryScope, user: Any
) -> list[TimelineEntry]:
    """An entry for each change set, in its order; of a person's record, only its rows."""
    kinds = kinds_of(change_sets, touched)
    if touched.student:
        rows = by_change_set(_of_student(change_sets, touched), user)
    else:
        rows = first_rows(kinds, user, MOST_ROWS)
    return [
        TimelineEntry(each, kinds.get(each.pk, []), rows.get(each.pk, [])[:MOST_ROWS])
        for each in change_sets
    ]


def _of_student(
    change_sets: Sequence[ChangeSet], touched: HistoryScope
) -> list[models.QuerySet[Any]]:
    keys = [each.pk for each in change_sets]
    # By the person first, with a limit: otherwise the database reads the 100,000 rows of an
    # import to find the few of one person.
    return [
        part.model._base_manager.filter(
            pk__in=part.order_by().values("pk")[:FENCE], change_set__in=keys
        )
        for part in touched.rows()
    ]
