"""SQLite with PostgreSQL's ranges of whole numbers, so that both refuse the same values."""

from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.sqlite3 import base, operations

LAST = ("_historical", "audit_changeset", "sqlite_sequence")


def _rank(sql: str) -> int:
    return max((at for at, name in enumerate(LAST, 1) if name in sql), default=0)


class RangedOperations(operations.DatabaseOperations):
    """SQLite's operations with the ranges of every other database."""

    def execute_sql_flush(self, sql_list: list[str]) -> None:
        # The record comes last, as emptying the others adds to it.
        super().execute_sql_flush(sorted(sql_list, key=_rank))

    def integer_field_range(self, internal_type: str) -> tuple[int | None, int | None]:
        # Django has none for SQLite: a number of twenty digits would break the page that saves it.
        return BaseDatabaseOperations.integer_field_range(self, internal_type)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite."""

    ops_class = RangedOperations
