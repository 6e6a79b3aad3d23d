"""How the database learns who does what, and why: it travels with every statement that writes.

On PostgreSQL as a setting in front of the statement, on SQLite as a function of the connection,
which the triggers call.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from backoffice.audit.record.postgres_triggers import context_sql
from backoffice.audit.record.recording import current_record

WRITES = re.compile(
    r"\s*(?:(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE|DO|CALL)\b"
    r"|WITH\b.*\b(?:INSERT|UPDATE|DELETE|MERGE)\b)",
    re.IGNORECASE | re.DOTALL,
)
TOGETHER = 1.0  # seconds in which nameless writes of a SQLite connection share a change set


def carry(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    if connection.vendor == "postgresql" and announced not in connection.execute_wrappers:
        connection.execute_wrappers.append(announced)
    if connection.vendor == "sqlite":
        connection.connection.create_function("backoffice_deed", 0, _Nameless())
        connection.connection.create_function("backoffice_now", 0, _now)


def announced(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Run a statement; in front of one that writes, set who does it: one round trip."""
    record = current_record()
    is_plain = isinstance(sql, str) and getattr(context["cursor"].cursor, "name", None) is None
    # What was told stays until the transaction ends; so it is told too that nobody is named now.
    is_due = record is not None or context["connection"].in_atomic_block
    if is_due and is_plain and WRITES.match(sql):
        prefix = context_sql(record.as_json() if record else "")
        sql = f"{prefix if params is None else prefix.replace('%', '%%')}; {sql}"
    return execute(sql, params, many, context)


class _Nameless:
    """The current action as JSON; without one, a key for what is written in the same moment."""

    def __init__(self) -> None:
        self.key, self.until = "", 0.0

    def __call__(self) -> str:
        record = current_record()
        if record is not None:
            # SQLite keeps a UUID as its digits.
            return record.as_json().replace(str(record.key), record.key.hex)
        now = time.monotonic()
        if now > self.until:
            self.key = uuid4().hex
        self.until = now + TOGETHER
        return json.dumps({"deed": self.key})


def _now() -> str:
    return f"{timezone.now():%Y-%m-%d %H:%M:%S.%f}"
