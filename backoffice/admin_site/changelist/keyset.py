"""Walking through a large table in the order of an index, a page at a time (keyset paging).

A page begins behind a row, which its key names; the row's own values say where that is. A null
comes last, whichever the direction, and has its own part of the walk: no comparison finds it.
"""

from functools import cache
from typing import Any, NamedTuple

from django.db import models
from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleLessThan,
)


@cache
def sorted_by_index(model: type[models.Model]) -> frozenset[str]:
    """The fields by which an index delivers the rows in a total order."""
    meta = model._meta
    fields = {"pk", meta.pk.name}
    for field in meta.concrete_fields:
        if field.unique and not field.null:
            fields.add(field.name)
    for constraint in meta.total_unique_constraints:
        if len(constraint.fields) == 1:
            fields.add(constraint.fields[0])
    for index in meta.indexes:
        names = [name.lstrip("-") for name in index.fields]
        if len(names) == 2 and names[1] == meta.pk.name and not index.condition:
            fields.add(names[0])
    return frozenset(name for name in fields if not _is_relation(meta, name))


def _is_relation(meta: Any, name: str) -> bool:
    return name != "pk" and meta.get_field(name).is_relation


class ListPosition(NamedTuple):
    """Where a row stands: its value of the sorted field, and its key."""

    value: Any
    pk: int


class KeysetPage:
    """Pages of a queryset in the order of one field and, among equals, of the key."""

    def __init__(self, rows: models.QuerySet[Any], order: str, per_page: int) -> None:
        self.source, self.per_page = rows, per_page
        self.field = order.lstrip("-")
        self.field = rows.model._meta.pk.name if self.field == "pk" else self.field
        self.is_descending = order.startswith("-")
        self.rows: list[models.Model] = []
        self.has_previous = self.has_next = False

    def after(self, key: str) -> list[models.Model]:
        """The page behind the row with this key; the first one without a key or such a row."""
        place = self._place(key)
        self.has_previous = place is not None
        rows = self._fetched(place, is_back=False)
        self.has_next = len(rows) > self.per_page
        return self._trimmed(rows)

    def before(self, key: str) -> list[models.Model]:
        """The page in front of the row with this key; the first one if that is shorter."""
        place = self._place(key)
        rows = self._fetched(place, is_back=True) if place else []
        if len(rows) <= self.per_page:
            return self.after("")
        self.has_previous = self.has_next = True
        return self._trimmed(rows, is_back=True)

    def last(self) -> list[models.Model]:
        """The last page."""
        rows = self._fetched(None, is_back=True)
        self.has_previous = len(rows) > self.per_page
        return self._trimmed(rows, is_back=True)

    def _trimmed(self, rows: list[models.Model], *, is_back: bool = False) -> list[models.Model]:
        self.rows = rows[: self.per_page][:: -1 if is_back else 1]
        return self.rows

    def _place(self, key: str) -> ListPosition | None:
        if not (key.isascii() and key.isdecimal() and len(key) <= 18):
            return None
        if self._is_key:
            # A key says where it stands, even if its row was deleted meanwhile.
            return ListPosition(int(key), int(key))
        rows = self.source.model._base_manager.filter(pk=key)
        values = rows.values_list(self.field, "pk").first()
        return ListPosition(*values) if values else None

    def _fetched(self, position: ListPosition | None, *, is_back: bool) -> list[models.Model]:
        """The rows of one page and one more, from a place on; nulls are at the end.

        The database finds their keys by the index first, and joins to these few only.
        """
        is_descending = self.is_descending != is_back
        rows: list[models.Model] = []
        for part in self._parts(place, is_descending, is_back):
            remaining = self.per_page + 1 - len(rows)
            if remaining:
                named = self.source.filter(pk__in=part[:remaining])
                rows += named.order_by(*part.query.order_by)
        return rows

    def _parts(
        self, position: ListPosition | None, is_descending: bool, is_back: bool
    ) -> list[models.QuerySet[Any]]:
        rows = self.source.order_by().values_list("pk", flat=True)
        sign = "-" if is_descending else ""
        known = rows.order_by(f"{sign}{self.field}", *([] if self._is_key else [f"{sign}pk"]))
        if not self.source.model._meta.get_field(self.field).null:
            return [known.filter(self._beyond(place, is_descending)) if place else known]
        known = known.filter(**{f"{self.field}__isnull": False})
        blank = rows.filter(**{f"{self.field}__isnull": True}).order_by(f"{sign}pk")
        if place and place.value is None:
            comparison = "lt" if is_descending else "gt"
            blank = blank.filter(**{f"pk__{comparison}": place.pk})
            return [blank, known] if is_back else [blank]
        if place:
            known = known.filter(self._beyond(place, is_descending))
            return [known] if is_back else [known, blank]
        return [blank, known] if is_back else [known, blank]

    def _beyond(self, position: ListPosition, is_descending: bool) -> Q:
        if self._is_key:
            return Q(**{f"pk__{'lt' if is_descending else 'gt'}": place.pk})
        compared = TupleLessThan if is_descending else TupleGreaterThan
        return Q(compared(Tuple(F(self.field), F("pk")), tuple(place)))

    @property
    def _is_key(self) -> bool:
        return self.field == self.source.model._meta.pk.name
