"""Databases made by the migrations before these, which cannot be continued.

They were squashed in November 2026; until then each app began with one that is no longer there.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from django.core.checks import Error, Tags, register
from django.db import DatabaseError, connections

# The last of a chain may be called like a new one: its first is not.
FIRST = {
    ("operations", "0001_extensions"),
    ("audit", "0001_change_sets"),
    ("users", "0001_people"),
    ("courses", "0001_courses"),
    ("bulk", "0001_batches"),
    ("assessments", "0001_assessments"),
    ("communications", "0001_communications"),
}


def has_old_migrations(cursor: Any) -> bool:
    """Whether a migration of the old chain was applied. Raises where no migration ever was."""
    cursor.execute("SELECT app, name FROM django_migrations")
    return not FIRST.isdisjoint(cursor.fetchall())


def is_old_postgres(address: str) -> bool:
    """Whether a PostgreSQL database is an old one; false where it has no tables."""
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        try:
            return has_old_migrations(cursor)
        except psycopg2.errors.UndefinedTable:
            return False


def is_old_sqlite(path: Path) -> bool:
    """Whether an SQLite file is an old one; false where it has no tables."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            return has_old_migrations(connection.cursor())
        except sqlite3.OperationalError:
            return False


@register(Tags.database)
def check_migrations(databases: Any = None, **_options: Any) -> list[Error]:
    # `migrate` makes this check, and ends before it writes anything.
    old = [alias for alias in databases or () if _is_old(alias)]
    return [
        Error(
            f"The database “{connections[alias].settings_dict['NAME']}” was made by an earlier "
            f"version, before the migrations were squashed, and cannot be brought up to date: "
            f"export its data with that version, and run migrate on a new, empty database.",
            id="operations.E001",
        )
        for alias in old
    ]


def _is_old(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            return has_old_migrations(cursor)
    except DatabaseError:
        return False  # there is no database, or no migration was ever applied
