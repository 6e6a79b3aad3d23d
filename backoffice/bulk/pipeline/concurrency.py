"""Imports at the same time: one writes a table, one person works with the very same file."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.models import Batch

TABLES, FILES = 0x1B18, 0x1B19  # spaces of advisory locks
TRIES = 3
TRY_AGAIN = ("40P01", "40001")  # deadlock_detected, serialization_failure


def lock_kind(cursor: CursorWrapper, resource: type[ImportKind]) -> None:
    """Wait until no other import writes the same tables; lock them for this transaction."""
    # Two files with the same rows in another order would deadlock.
    models = {each.model() for each, _reference in resource.lineage()}
    _lock(cursor, TABLES, *sorted(model._meta.db_table for model in models))


def alone_with(cursor: CursorWrapper, batch: Batch) -> None:
    """Lock the content of the file, so that nobody else begins with it in this transaction."""
    _lock(cursor, FILES, f"{batch.kind} {batch.file_hash}")


def _lock(cursor: CursorWrapper, space: int, *names: str) -> None:
    # SQLite has one writer at a time anyway.
    if connection.vendor == "postgresql":
        locks = ["pg_advisory_xact_lock(%s, hashtext(%s))"] * len(names)
        parameters = [each for name in names for each in (space, name)]
        cursor.execute(f"SELECT {', '.join(locks)}", parameters)


def conflicting_batch(batch: Batch) -> Batch | None:
    """Another batch of the very same file that somebody works on or has ordered."""
    if not batch.file_hash:
        return None
    same = Batch.objects.filter(kind=batch.kind, file_hash=batch.file_hash)
    return same.in_work().exclude(pk=batch.pk).order_by("pk").first()


def about(conflicting: Batch) -> str:
    return _(
        "%(name)s is bringing in the very same file, as import %(number)d, uploaded at %(time)s "
        "UTC. Nothing of yours was written; look again when that has ended."
    ) % {
        "name": conflicting.uploader_name,
        "number": conflicting.pk,
        "time": f"{conflicting.uploaded_at:%Y-%m-%d %H:%M}",
    }


def retry_on_conflict(operation: Callable[[], Any]) -> Any:
    """Call the operation, and again after a deadlock or a serialization failure."""
    for _attempt in range(TRIES - 1):
        try:
            return operation()
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) not in TRY_AGAIN:
                raise
    return operation()
