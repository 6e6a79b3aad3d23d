"""Finds tests and pages that depend on an order nobody asked for (`make test-orders`).

`--without` switches kinds of plans off on the server of the test run, so that rows without an order
come in another one. `--without=ties` adds a last, random part to the order of every query of the
ORM, and has SQLite turn round what has no order. pytest-randomly, off by default, shuffles the
tests.
"""

from contextlib import closing
from os import environ
from typing import Any

import psycopg2
import pytest
from django.db.backends.signals import connection_created
from django.db.models.expressions import OrderBy
from django.db.models.functions import Random
from django.db.models.sql.compiler import SQLCompiler

from tests import server

TIES = "ties"
in_order = SQLCompiler.get_order_by


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--without`."""
    text = "kinds of plans, like hashjoin,indexscan, and ties"
    parser.getgroup("orders").addoption("--without", default="", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Do as asked, before the first connection. The server is asked once, not by each worker."""
    without = set(filter(None, config.option.without.split(",")))
    if TIES in without:
        SQLCompiler.get_order_by = get_shuffled_order
        connection_created.connect(_reverse_unordered)
    if without - {TIES} and not server.is_worker:
        if not server.is_started:
            raise pytest.UsageError("--without is for the server that the tests start.")
        _switch_off(without - {TIES})


def _switch_off(kinds: set[str]) -> None:
    with closing(psycopg2.connect(environ["DATABASE_URL"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for kind in kinds:
                cursor.execute(f"ALTER SYSTEM SET enable_{kind} = off")
            cursor.execute("SELECT pg_reload_conf()")


def _reverse_unordered(connection: Any, **_signal: Any) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA reverse_unordered_selects = ON")


class Tie(Random):
    """A random number that groups nothing."""

    def get_group_by_cols(self) -> list[Any]:
        return []


def get_shuffled_order(self: SQLCompiler) -> list[Any]:
    """What a query is ordered by, and last by chance.

    Where rows are made distinct or put together, SQL takes no such part.
    """
    ordered, query = in_order(self), self.query
    if query.distinct or query.combinator or query.combined_queries:
        return ordered
    tie = OrderBy(Tie())
    return [*ordered, (tie, (*self.compile(tie), False))]
