"""What an action costs: CPU of this process and of the database, time, statements, memory."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from django.db import connection


@dataclass
class Cost:
    """CPU seconds of client and database together, wall seconds, SQL statements."""

    cpu: float = 0.0
    client: float = 0.0
    wall: float = 0.0
    statements: int = 0


def _server() -> list[psutil.Process]:
    """All processes of the database server this connection leads to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    postmaster = backend.parent()
    return postmaster.children() if postmaster else [backend]


def _used(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what happens inside."""
    cost, server = Cost(), _server()

    def counted(execute: Callable[..., Any], *args: Any) -> Any:
        cost.statements += 1
        return execute(*args)

    before, start, own = _used(server), time.perf_counter(), time.process_time()
    with connection.execute_wrapper(counted):
        yield cost
    cost.wall, cost.client = time.perf_counter() - start, time.process_time() - own
    cost.cpu = cost.client + _used(server) - before


def peak_memory() -> float:
    """The most memory this process ever held, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
