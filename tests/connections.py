"""Other people's connections to the tests' database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.db import connection, connections


def at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """The outcome of each job, all of them begun at the same moment, each on its connection."""
    barrier, outcomes = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            outcomes.append(job())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


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
