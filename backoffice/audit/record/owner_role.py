"""Working as the role that owns the tables, where the application's own role does not.

The web server and its jobs work with a role that cannot alter the record. What must (migrations,
retention) says so with `owner_role`; it needs DATABASE_OWNER_USER, which only commands are given.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def owner_role(using: str = "default") -> Iterator[None]:
    """Connect as the owner of the tables; does nothing where there is only one role.

    Raises TransactionManagementError inside a transaction, which another role cannot take over.
    """
    connection = connections[using]
    known = connection.settings_dict
    owner = known.get("OWNER")
    if not owner or owner["USER"] == known["USER"]:
        yield
        return
    connection.validate_no_atomic_block()
    _become(connection, known | owner)
    try:
        yield
    finally:
        _become(connection, known)


def _become(connection: BaseDatabaseWrapper, settings: dict[str, Any]) -> None:
    """Connect with these credentials from the next statement on; the engine drops its pool."""
    connection.close()
    connection.settings_dict = settings
