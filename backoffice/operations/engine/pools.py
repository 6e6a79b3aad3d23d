"""Pools of connections: which server they lead to, what a fork does to them, how they clean up."""

import os
import threading
from typing import Any
from weakref import WeakSet

from dj_db_conn_pool.core import pool_container
from django.db import connections
from django.db.utils import OperationalError
from django.utils.translation import gettext as _
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

IDENTITY = ("host", "port", "dbname", "user")
_leads_to: dict[str, tuple[Any, ...]] = {}
_records: WeakSet[Any] = WeakSet()
_held: list[Any] = []
_inherited: list[Any] = []


class PoolExhausted(OperationalError):
    """All connections of the pool are in use and none came back in time."""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> "PoolExhausted":
        options = settings["POOL_OPTIONS"]
        most = options["POOL_SIZE"] + options["MAX_OVERFLOW"]
        return cls(
            _("All %(most)d database connections are in use; none was free within %(seconds)s s.")
            % {"most": most, "seconds": options["TIMEOUT"]}
        )


def forget_moved(alias: str, conn_params: dict[str, Any]) -> None:
    """Drop the alias's pool when it leads to another server, database or user than now wanted."""
    # The library keys pools by alias and freezes the first parameters: one query before the test
    # database exists, and the tests would write into the real one.
    identity = tuple(conn_params.get(name) for name in IDENTITY)
    with pool_container.lock:
        if _leads_to.get(alias, identity) != identity:
            drop(alias)
        _leads_to[alias] = identity


def drop(alias: str) -> None:
    """Close the idle connections of a pool and forget it; borrowed ones close when given back."""
    pool = pool_container.pop(alias, None)
    if pool is not None:
        pool.dispose()


@event.listens_for(QueuePool, "reset")
def _clean(connection: Any, _record: Any, _state: Any) -> None:
    # The next borrower gets no setting, temporary table, lock or open cursor of the last one.
    connection.rollback()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")


@event.listens_for(QueuePool, "connect")
def _note(_connection: Any, record: Any) -> None:
    _records.add(record)


def _hold_borrowed() -> None:
    # A child drops what other threads have borrowed before it asks us.
    _held.extend((record, record.fairy_ref and record.fairy_ref()) for record in list(_records))


def _start_anew() -> None:
    """In a child: fresh pools, and no connection of the parent's."""
    # What is inherited stays alive and untouched: closing it would end the parent's connections,
    # and collecting it would send a rollback into another thread's transaction.
    for record, _borrowed in _held:
        record.fairy_ref = None  # the pool's own finalizer then leaves the connection alone
    _inherited.extend(_held)
    _held.clear()
    _records.clear()
    pool_container.lock = threading.Lock()
    for alias, pool in list(pool_container.items()):
        _inherited.append(pool)
        pool_container[alias] = pool.recreate()
    for wrapper in connections.all(initialized_only=True):
        if wrapper.connection is not None and wrapper.vendor == "postgresql":
            _inherited.append(wrapper.connection)
            wrapper.connection = None
            wrapper.in_atomic_block = False
            wrapper.savepoint_ids = []
            wrapper.run_on_commit = []


os.register_at_fork(before=_hold_borrowed, after_in_parent=_held.clear, after_in_child=_start_anew)
