"""PostgreSQL behind a connection pool, with metrics: the engine of production, laptop and tests.

Pool (an SQLAlchemy QueuePool per process) and metrics come from libraries; here is what they miss.
"""

from typing import Any

from dj_db_conn_pool.backends.postgresql.mixins import PGDatabaseWrapperMixin
from django.db.backends.postgresql import operations
from django_prometheus.db.backends.postgresql import base
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backoffice.operations.engine.pools import PoolExhausted, forget_moved


class PooledOperations(operations.DatabaseOperations):
    """PostgreSQL's operations; emptying the whole database empties its record too, on purpose."""

    def sql_flush(self, *args: Any, **kwargs: Any) -> list[str]:
        sql_list = super().sql_flush(*args, **kwargs)
        # The triggers of audited tables refuse TRUNCATE in any other way.
        return ["SELECT set_config('backoffice.flush', 'on', true)", *sql_list] if sql_list else []


class DatabaseWrapper(PGDatabaseWrapperMixin, base.DatabaseWrapper):
    """A connection borrowed from the pool and given back when Django closes it."""

    ops_class = PooledOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Borrow a connection. Raises PoolExhausted where none is free within the timeout."""
        forget_moved(self.alias, conn_params)
        try:
            return super().get_new_connection(conn_params)
        except PoolTimeout as error:
            raise PoolExhausted.from_settings(self.settings_dict) from error

    def create_cursor(self, name: str | None = None) -> Any:
        if name:
            # PostgreSQL plans a named cursor for its first tenth. Ours are read to the end, and a
            # hundred thousand rows then took minutes instead of a second.
            scope = "LOCAL" if self.in_atomic_block else "SESSION"  # ends when it is given back
            with self.connection.cursor() as setting:
                setting.execute(f"SET {scope} cursor_tuple_fraction = 1")
        return super().create_cursor(name)
