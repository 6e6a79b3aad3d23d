"""Rows as they stood at a moment, and what became of them between two, out of the history.

Which version of a row is the newer one its number tells, not its time: the numbers of one row's
versions rise in the order of its changes, also where a clock was set back.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Subquery

from backoffice.audit.history import DELETED

Model = type[models.Model]
Pair = tuple[models.Model | None, models.Model | None]


def rows_as_of(model: Model, moment: datetime, **where: Any) -> models.QuerySet[Any]:
    """The history rows that tell how the model's rows stood at a moment, that moment included.

    One statement. `where` is about the values then; what it names needs an index of the history
    (`history_sought_by`), because every version that ever had them is looked at.
    """
    history = model.history.model
    versions = _versions(model).filter(history_date__lte=moment)
    newest = versions.order_by(f"-{history._meta.pk.name}").values("pk")[:1]
    rows = history._base_manager.filter(history_date__lte=moment, **where)
    return rows.exclude(history_type=DELETED).filter(pk=Subquery(newest))


def changed_between(
    model: Model, since: datetime, until: datetime, only: Iterable[str], **where: Any
) -> dict[int, Pair]:
    """The rows that stood otherwise at `until` than at `since`: by key, before and after.

    Nothing before means that it came, nothing after that it went, by deletion or because the
    values of `where` are no longer its own. `only` names the fields that are fetched.
    """
    key = model._meta.pk.attname
    later = _versions(model).filter(
        pk__gt=OuterRef("pk"), history_date__gt=since, history_date__lte=until
    )
    before = rows_as_of(model, since, **where).filter(Exists(later))
    after = rows_as_of(model, until, **where).filter(history_date__gt=since)
    left, came = (
        {getattr(row, key): row for row in rows.only(key, *only)} for rows in (before, after)
    )
    return {pk: (left.get(pk), came.get(pk)) for pk in [*left, *(came.keys() - left.keys())]}


def _versions(model: Model) -> models.QuerySet[Any]:
    key = model._meta.pk.attname
    return model.history.model._base_manager.filter(**{key: OuterRef(key)})
