"""Rows as they stood at a moment, and what became of them between two, out of the history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Max, OuterRef, Subquery

from backoffice.audit.models.history import DELETED

Model = type[models.Model]
Pair = tuple[models.Model | None, models.Model | None]


def rows_as_of(model: Model, moment: datetime, **where: Any) -> models.QuerySet[Any]:
    """The history rows of a model's rows as they stood at a moment, that moment included.

    One statement. `where` is about the values then; its fields need an index of the history
    (`history_sought_by`), because every version that ever had them is looked at.
    """
    history, key = model.history.model, model._meta.pk.attname
    known = history._base_manager.filter(history_date__lte=moment, **where)
    chosen = known.order_by().values(key).annotate(chosen=Max("pk")).values("chosen")
    # The newest version that had these values, dropped where a newer one has others.
    rows = history._base_manager.filter(pk__in=chosen, pk=_newest(model, moment))
    return rows.exclude(history_type=DELETED)


def changed_between(
    model: Model, since: datetime, until: datetime, only: Iterable[str], **where: Any
) -> dict[int, Pair]:
    """The rows that differ between `since` and `until`: by key, before and after.

    None before means that it was added, None after that it was deleted or no longer has the values
    of `where`. `only` names the fields that are fetched.
    """
    key = model._meta.pk.attname
    before = rows_as_of(model, since, **where).filter(pk__lt=_newest(model, until))
    after = rows_as_of(model, until, **where).filter(history_date__gt=since)
    earlier, later = (
        {getattr(row, key): row for row in rows.only(key, *only)} for rows in (before, after)
    )
    return {
        pk: (earlier.get(pk), later.get(pk)) for pk in [*earlier, *(later.keys() - earlier.keys())]
    }


def _newest(model: Model, moment: datetime) -> Subquery:
    # By id, not by time: a clock may be set back, the ids of one row's versions only rise.
    key = model._meta.pk.attname
    versions = model.history.model._base_manager.filter(
        **{key: OuterRef(key)}, history_date__lte=moment
    )
    # A scalar subquery on purpose: written as EXISTS, a database may read all of the history.
    return Subquery(versions.order_by("-pk").values("pk")[:1])
