"""Walking through a large table in the order of an index, a page at a time (keyset paging).

A page begins behind a row, which its key names; the row's own values say where that is.
"""

from functools import cache
from typing import Any, NamedTuple

from django.db import models
from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan


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
    # A foreign key is sorted by the other model's ordering, which no index of this table knows.
    return frozenset(n for n in fields if n == "pk" or not meta.get_field(n).is_relation)


class ListPosition(NamedTuple):
    """Where a row stands: its value of the sorted field, and its key."""

    value: Any
    pk: int


class KeysetPage:
    """Pages of a queryset in the order of one field and, among equals, of the key."""

    def __init__(self, rows: models.QuerySet[Any], order: str, per_page: int) -> None:
        self.source, self.per_page = rows, per_page
        field, key = order.lstrip("-"), rows.model._meta.pk.name
        self._is_key = field in ("pk", key)
        self.field = key if self._is_key else field
        self.is_descending = order.startswith("-")
        self.rows: list[models.Model] = []
        self.has_previous = self.has_next = False

    def after(self, key: str) -> list[models.Model]:
        """The page behind the row with this key; the first one without a key or such a row."""
        position = self._position(key)
        self.has_previous = position is not None
        rows = self._fetched(position, is_back=False)
        self.has_next = len(rows) > self.per_page
        return self._trimmed(rows)

    def before(self, key: str) -> list[models.Model]:
        """The page in front of the row with this key; the first one if that is shorter."""
        position = self._position(key)
        rows = self._fetched(position, is_back=True) if position else []
        if len(rows) <= self.per_page:
            return self.after("")
        self.has_previous = self.has_next = True
        return self._trimmed(rows, is_back=True)

    def last(self) -> list[models.Model]:
        rows = self._fetched(None, is_back=True)
        self.has_previous = len(rows) > self.per_page
        return self._trimmed(rows, is_back=True)

    def _trimmed(self, rows: list[models.Model], *, is_back: bool = False) -> list[models.Model]:
        self.rows = rows[: self.per_page][:: -1 if is_back else 1]
        return self.rows

    def _position(self, key: str) -> ListPosition | None:
        if not (key.isascii() and key.isdecimal() and len(key) <= 18):
            return None
        if self._is_key:
            # A key says where it stands, even if its row was deleted meanwhile.
            return ListPosition(int(key), int(key))
        rows = self.source.model._base_manager.filter(pk=key)
        values = rows.values_list(self.field, "pk").first()
        return ListPosition(*values) if values else None

    def _fetched(self, position: ListPosition | None, *, is_back: bool) -> list[models.Model]:
        is_descending = self.is_descending != is_back
        rows: list[models.Model] = []
        for part in self._parts(position, is_descending, is_back):
            remaining = self.per_page + 1 - len(rows)
            if remaining:
                # The index delivers the keys; then only these few rows are fetched and joined.
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
            return [known.filter(self._beyond(position, is_descending)) if position else known]
        # Nulls come last in either direction, as a part of their own: no comparison finds them.
        known = known.filter(**{f"{self.field}__isnull": False})
        blank = rows.filter(**{f"{self.field}__isnull": True}).order_by(f"{sign}pk")
        if position and position.value is None:
            blank = blank.filter(self._behind_key(position, is_descending))
            return [blank, known] if is_back else [blank]
        if position:
            known = known.filter(self._beyond(position, is_descending))
            return [known] if is_back else [known, blank]
        return [blank, known] if is_back else [known, blank]

    def _behind_key(self, position: ListPosition, is_descending: bool) -> Q:
        return Q(pk__lt=position.pk) if is_descending else Q(pk__gt=position.pk)

    def _beyond(self, position: ListPosition, is_descending: bool) -> Q:
        if self._is_key:
            return self._behind_key(position, is_descending)
        compared = TupleLessThan if is_descending else TupleGreaterThan
        return Q(compared(Tuple(F(self.field), F("pk")), tuple(position)))
