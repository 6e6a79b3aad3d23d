"""The triggers by which SQLite writes the history of every audited table, row by row.

Actor and reason come from a function of the connection (see record/session_context.py). A program
without that function cannot write at all.
"""

from collections.abc import Iterator

from backoffice.audit.models import Audited
from backoffice.audit.record.postgres_triggers import HISTORY_FIELDS, TABLE, copied_columns

CONTEXT_SETTING, NOW = "backoffice_deed()", "backoffice_now()"
# The columns of a change set, each with its value where the context does not name one.
DEFAULTS = {
    "deed": "NULL",
    "actor_id": "NULL",
    "actor_name": "''",
    "source": "'sql'",
    "reason": "''",
    "request_id": "''",
    "address": "NULL",
    "batch": "NULL",
    "transaction_id": "0",
}


def statements(model: type[Audited]) -> Iterator[str]:
    """SQL: what puts the triggers on a model's table, after dropping those that were there."""
    table, key = model._meta.db_table, model._meta.pk.column
    changed = " OR ".join(f'NEW."{c}" IS NOT OLD."{c}"' for c in copied_columns(model))
    for event, kind, row, condition in (
        ("insert", "'+'", "NEW", ""),
        ("update", "'~'", "NEW", f"WHEN {changed}"),
        ("delete", "'-'", "OLD", ""),
    ):
        yield f"DROP TRIGGER IF EXISTS record_{event}_{table}"
        yield (
            f"CREATE TRIGGER record_{event}_{table} AFTER {event.upper()} ON {table} {condition} "
            f"BEGIN {_change_set()}; {_history(model, row, kind)}; END"
        )
    yield f"DROP TRIGGER IF EXISTS record_key_{table}"
    yield (
        f'CREATE TRIGGER record_key_{table} BEFORE UPDATE OF "{key}" ON {table} '
        f'WHEN NEW."{key}" IS NOT OLD."{key}" '
        f"BEGIN SELECT RAISE(ABORT, 'A primary key is not changed.'); END"
    )


def names(model: type[Audited]) -> list[str]:
    return [
        f"record_{event}_{model._meta.db_table}" for event in ("insert", "update", "delete", "key")
    ]


def _context_value(name: str, otherwise: str) -> str:
    return f"coalesce(json_extract({CONTEXT_SETTING}, '$.{name}'), {otherwise})"


def _change_set() -> str:
    values = [_context_value(name, otherwise) for name, otherwise in DEFAULTS.items()]
    return (
        f"INSERT INTO {TABLE} ({', '.join(DEFAULTS)}, created_at) "
        f"SELECT {', '.join(values)}, {NOW} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {TABLE} WHERE deed = {_context_value('deed', 'NULL')})"
    )


def _history(model: type[Audited], row: str, kind: str) -> str:
    columns = copied_columns(model)
    into = ", ".join(f'"{name}"' for name in (*columns, *HISTORY_FIELDS, "change_set_id"))
    values = [
        *(f'{row}."{column}"' for column in columns),
        *(NOW, kind, _context_value("actor_id", "NULL"), _context_value("reason", "''")),
        f"(SELECT id FROM {TABLE} WHERE deed = {_context_value('deed', 'NULL')})",
    ]
    table = model.history.model._meta.db_table
    return f"INSERT INTO {table} ({into}) SELECT {', '.join(values)}"
