"""Writing past the record, as only the owner of the tables can, to see what becomes of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from backoffice.audit.record import install


@contextmanager
def unwatched() -> Iterator[None]:
    """No trigger looks."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = origin")
        return
    install.remove_from_sqlite()
    yield
    install.install()
