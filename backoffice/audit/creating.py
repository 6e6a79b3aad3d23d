"""Many new or changed rows at once, with the history that a save of each would leave.

Nothing is checked but by the database: this is for rows a program makes, not for what people type.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from backoffice.audit.recording import current_record

Row = TypeVar("Row", bound=models.Model)
CHUNK = 1_000


def create_all(rows: Iterable[Row]) -> list[Row]:
    """Store new rows of one model and their history; gives them back with their keys."""
    made: list[Row] = []
    for chunk in _chunks(rows):
        model = type(chunk[0])
        with transaction.atomic():
            model._base_manager.bulk_create(chunk)
            _record(model, [row.pk for row in chunk], "+")
        made += chunk
    return made


def update_all(rows: models.QuerySet[Any], **values: Any) -> int:
    """Give these rows new values, and each a history row; how many there were."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    for chunk in _chunks(keys):
        with transaction.atomic():
            rows.model._base_manager.filter(pk__in=chunk).update(**values)
            _record(rows.model, chunk, "~")
    return len(keys)


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _record(model: type[models.Model], keys: Sequence[int], kind: str) -> None:
    """Copy the rows with these keys, as they are stored, into their history."""
    history, record = model.history.model, current_record()
    own = {field.column for field in model._meta.concrete_fields}
    said = {
        "history_date": timezone.now(),
        "history_type": kind,
        "history_change_reason": record.reason if record else "",
        "history_user_id": record.known_actor.pk if record and record.known_actor else None,
        "change_set_id": record.change_set_id if record else None,
    }
    copied = [f'"{f.column}"' for f in history._meta.concrete_fields if f.column in own]
    names = ", ".join([*copied, *(f'"{column}"' for column in said)])
    values = ", ".join([*copied, *["%s"] * len(said)])
    fields = {field.column: field for field in history._meta.concrete_fields}
    given = [fields[column].get_db_prep_save(value, connection) for column, value in said.items()]
    wanted = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {history._meta.db_table} ({names}) "
            f"SELECT {values} FROM {model._meta.db_table} WHERE id IN ({wanted}) ORDER BY id",
            [*given, *keys],
        )
