"""Every row of some tables, to compare what was there before with what is there now."""

from collections.abc import Iterable
from typing import Any

from django.db import connection


def stored_rows(tables: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """By table, in the order of the keys."""
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            rows[table] = cursor.fetchall()
    return rows
