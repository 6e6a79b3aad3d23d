"""Removing what the record need not hold any longer; the removal is itself recorded and sealed.

Of every object the newest history row stays, however old: what is there today can always be
explained. Change sets stay too.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Exists, OuterRef

from backoffice.audit.models import Removal
from backoffice.audit.record.install import append_only_models, audited_models
from backoffice.audit.record.recording import current_change_set_id
from backoffice.audit.seal.ledgers import packed
from backoffice.audit.seal.seal import sealed_up_to
from backoffice.audit.seal.unlock import unlocked_record

DAY = timedelta(days=1)  # `--before` may name tomorrow; and clocks and transactions take their time
AT_ONCE = 50_000  # rows of one table in one removal
CHUNK = 10_000  # rows that a statement names; SQLite takes 32,766 at the most


def remove_before(before: datetime) -> dict[str, int]:
    """Remove sealed rows older than a moment; how many of each table. Inside `recording(...)`.

    Raises django.db.Error where the database's role does not own the record.
    """
    done: dict[str, int] = {}
    with unlocked_record() as cursor:
        sealed = sealed_up_to(cursor)
        # Only sealed rows go: verifying finds a missing row that was not removed here.
        for rows in old_rows(before, sealed):
            table = rows.model._meta.db_table
            ids = list(rows.order_by("pk").values_list("pk", flat=True))
            for start in range(0, len(ids), AT_ONCE):
                _remove(rows.model, before, ids[start : start + AT_ONCE])
            if ids:
                done[table] = len(ids)
    return done


def dated_models() -> Iterator[tuple[Any, str, str]]:
    """The models whose rows are removed some day, each with the object's key and the time.

    The key is blank where rows are no versions of an object.
    """
    for model in audited_models():
        yield model.history.model, model._meta.pk.attname, "history_date"
    for model in append_only_models():
        if field := getattr(model, "is_over_after", ""):
            yield model, "", field


def old_rows(
    before: datetime, sealed: Mapping[str, int], *, is_successor_sealed: bool = False
) -> Iterator[models.QuerySet[Any]]:
    """The rows to remove, table by table: sealed, older than a moment, and not the newest version.

    `sealed` has the last sealed id of each table; with `is_successor_sealed` only a version up to
    that id counts as newer.
    """
    for model, key, moment in dated_models():
        last = sealed.get(model._meta.db_table, 0)
        rows = model._base_manager.filter(pk__lte=last, **{f"{moment}__lt": before})
        if key:
            later = model._base_manager.filter(**{key: OuterRef(key)}, pk__gt=OuterRef("pk"))
            if is_successor_sealed:
                later = later.filter(pk__lte=last)
            rows = rows.filter(Exists(later))
        yield rows


def _remove(model: Any, before: datetime, ids: list[int]) -> None:
    Removal.objects.create(
        change_set_id=current_change_set_id(),
        table_name=model._meta.db_table,
        before=before,
        row_count=len(ids),
        ids=b"".join(map(packed, ids)),
    )
    for start in range(0, len(ids), CHUNK):
        rows = model._base_manager.filter(pk__in=ids[start : start + CHUNK])
        rows._raw_delete(using=connection.alias)
