"""PostgreSQL behind a connection pool, with metrics: the engine of production, laptop and tests.

The pool is django-db-connection-pool's (an SQLAlchemy QueuePool per process), the metrics are
django-prometheus's. What stands here cures what the two leave open; each cure has a test.
"""

from typing import Any

from dj_db_conn_pool.backends.postgresql.mixins import PGDatabaseWrapperMixin
from django.db.backends.postgresql import operations
from django_prometheus.db.backends.postgresql import base
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backoffice.operations.engine.pools import PoolExhausted, forget_moved, watch_forks

watch_forks()


class PooledOperations(operations.DatabaseOperations):
    """PostgreSQL's operations; emptying the whole database empties its record too, on purpose."""

    def sql_flush(self, *args: Any, **kwargs: Any) -> list[str]:
        """The statements that empty tables; audited ones are truncated in no other way."""
        sql_list = super().sql_flush(*args, **kwargs)
        return ["SELECT set_config('backoffice.flush', 'on', true)", *sql_list] if sql_list else []


class DatabaseWrapper(PGDatabaseWrapperMixin, base.DatabaseWrapper):
    """A connection borrowed from the pool and given back when Django closes it."""

    ops_class = PooledOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Borrow a connection.

        Raises PoolExhausted, a Django OperationalError, when none is free within the timeout.
        """
        forget_moved(self.alias, conn_params)
        try:
            return super().get_new_connection(conn_params)
        except PoolTimeout as error:
            raise PoolExhausted.from_settings(self.settings_dict) from error

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor; one with a name, which the server keeps, is planned for all of its rows.

        Left alone, PostgreSQL plans it for the first tenth. Here every one is read to its end,
        and a hundred thousand rows then took minutes instead of a second.
        """
        if name:
            scope = "LOCAL" if self.in_atomic_block else "SESSION"  # ends when it is given back
            with self.connection.cursor() as setting:
                setting.execute(f"SET {scope} cursor_tuple_fraction = 1")
        return super().create_cursor(name)
