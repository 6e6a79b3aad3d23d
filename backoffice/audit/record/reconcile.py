"""Whether every audited table is what its history says: the replay of the record.

The newest version in the history of a row is the row, column by column; where it says deleted there
is none. What history leaves out (`history_excludes`) cannot be compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections

from backoffice.audit.models import Audited
from backoffice.audit.record.postgres_triggers import copied_columns

OTHER = {"postgresql": "IS DISTINCT FROM", "sqlite": "IS NOT"}


@dataclass(frozen=True)
class RowMismatch:
    """A row that is not what its history says; `columns` are those that differ."""

    key: int
    message: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"row {self.key}: {self.message}{', '.join(self.columns)}"


@dataclass(frozen=True)
class TableComparison:
    """A table against its history: rows there, rows that differ, and the first of those."""

    table: str
    rows: int
    differing: int
    first: tuple[RowMismatch, ...]

    def __str__(self) -> str:
        outcome = f"{self.differing:,} not as recorded" if self.differing else "all as recorded"
        return f"{self.table}: {self.rows:,} rows, {outcome}"


def compare(model: type[Audited], most: int, using: str = "default") -> TableComparison:
    """Compare a table with its history; `most` of the rows that differ are listed.

    Raises DatabaseError where a table is not there, and on SQLite before 3.39.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
        rows = cursor.fetchone()[0]
        cursor.execute(_sql(model, OTHER[connections[using].vendor]), [most])
        mismatches = cursor.fetchall()
    differing = mismatches[0][0] if mismatches else 0
    return TableComparison(
        model._meta.db_table, rows, differing, tuple(_differences(model, mismatches))
    )


def _differences(model: type[Audited], mismatches: list[Any]) -> Iterator[RowMismatch]:
    columns = copied_columns(model)
    for _count, key, is_there, is_recorded, *differ in mismatches:
        if not is_recorded:
            yield RowMismatch(key, "is there, and the record knows of no such row")
        elif not is_there:
            yield RowMismatch(key, "is gone, and the record does not say that it was deleted")
        else:
            changed = (name for name, differs in zip(columns, differ, strict=True) if differs)
            yield RowMismatch(key, "was altered past the record in ", tuple(changed))


def _sql(model: type[Audited], other: str) -> str:
    """SQL: the rows that differ, by key, with how many they are in all and which columns do."""
    history = model.history.model._meta
    key, version = f'"{model._meta.pk.column}"', f'"{history.pk.column}"'
    differ = [f'r."{name}" {other} h."{name}"' for name in copied_columns(model)]
    # One statement, so that table and history are seen in the same state.
    return f"""
WITH newest AS (SELECT max({version}) AS version FROM {history.db_table} GROUP BY {key}),
h AS (
    SELECT v.* FROM newest JOIN {history.db_table} v ON v.{version} = newest.version
    WHERE v.history_type <> '-'
)
SELECT count(*) OVER (), coalesce(r.{key}, h.{key}) AS row_key,
    r.{key} IS NOT NULL, h.{key} IS NOT NULL, {", ".join(differ)}
FROM {model._meta.db_table} r FULL JOIN h ON h.{key} = r.{key}
WHERE {" OR ".join(differ)}
ORDER BY row_key LIMIT %s"""
