"""The only way by which rows of the record change or go: for forgetting and retention.

Only the owner of the tables may use it, and both record themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from backoffice.audit.record.postgres_triggers import UNLOCK_SETTING
from backoffice.audit.seal.seal import alone


@contextmanager
def unlocked_record() -> Iterator[Any]:
    """A cursor in a transaction that may change the record, while nobody seals.

    Raises django.db.Error where the database's role does not own the tables.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        alone(cursor)
        if connection.vendor == "postgresql":
            cursor.execute("SELECT set_config(%s, 'on', true)", [UNLOCK_SETTING])
        yield cursor
        if connection.vendor == "postgresql":
            cursor.execute("SELECT set_config(%s, '', true)", [UNLOCK_SETTING])
