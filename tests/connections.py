"""Other people's connections to the tests' database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.db import connection


@contextmanager
def somebody() -> Iterator[Any]:
    """Another connection, with a transaction open."""
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "host", "port", "password", "options")
    with_them = psycopg2.connect(
        **{name: parameters[name] for name in names if parameters.get(name)}
    )
    try:
        yield with_them.cursor()
        with_them.rollback()
    finally:
        with_them.close()
