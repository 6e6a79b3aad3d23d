"""What typical lists cost: how many queries, and how long."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Prefetch

from backoffice.admin_site.permissions import roles
from backoffice.operations.model_trial.examples import Model

PAGE = 50
FEW = 10


@dataclass(frozen=True)
class Timing:
    """One list: what it shows, how many queries it took, and how many milliseconds."""

    what: str
    queries: int
    milliseconds: float

    def __str__(self) -> str:
        plural = "query" if self.queries == 1 else "queries"
        return f"{self.what}: {self.queries} {plural}, {self.milliseconds:.1f} ms"


def timed_lists(model: Model) -> list[Timing]:
    rows = model._default_manager.all()
    ahead = [field.name for field in model._meta.concrete_fields if field.is_relation]
    joined = rows.select_related(*ahead) if ahead else rows
    behind = rows.prefetch_related(*_prefetched(model))
    return [
        _timed("a page with what the rows refer to", lambda: _read(joined, ahead)),
        _timed("a page with what refers to the rows", lambda: _read(behind, [])),
        _timed("a page for an instructor", lambda: _read(_for_instructor(rows), [])),
        _timed("how many there are", rows.count),
    ]


def _prefetched(model: Model) -> list[Prefetch]:
    return [
        Prefetch(
            each.get_accessor_name(),
            # Not all: a course may have more people than memory should hold.
            each.related_model._default_manager.order_by("pk")[:FEW],
            to_attr=f"first_{each.get_accessor_name()}",
        )
        for each in model._meta.related_objects
        if each.one_to_many
    ]


def _read(rows: Any, ahead: list[str]) -> None:
    for row in rows[:PAGE]:
        for name in ahead:
            getattr(row, name)


def _for_instructor(rows: Any) -> Any:
    people = get_user_model()._base_manager.filter(role=roles.INSTRUCTOR, is_active=True)
    return rows.visible_to(people.first())


def _timed(what: str, action: Callable[[], Any]) -> Timing:
    queries = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    start = time.perf_counter()
    with connection.execute_wrapper(count):
        action()
    return Timing(what, queries, (time.perf_counter() - start) * 1000)
