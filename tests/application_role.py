"""The application's own database role beside the one that owns the tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

APPLICATION = "an application's role"


@contextmanager
def separated() -> Iterator[None]:
    """The settings name two roles, and the connection belongs to the application's."""
    settings = connections.settings["default"]
    known = dict(settings)
    connection.close()
    settings["OWNER"] = {"USER": known["USER"], "PASSWORD": known["PASSWORD"]}
    settings |= {"USER": APPLICATION, "PASSWORD": "in'valid"}
    connection.settings_dict = settings
    try:
        yield
    finally:
        connection.close()
        del settings["OWNER"]
        settings |= known
