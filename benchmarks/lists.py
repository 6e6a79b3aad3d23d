"""What every list costs over a large school: `make bench-lists`, on a PostgreSQL of its own.

A line per model and role, a cell per kind of page: queries, milliseconds of SQL and in all, of the
worst page of that kind, each asked three times and taken at its best.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import django

from backoffice.operations.server_guard import start_throwaway

if __name__ == "__main__":
    os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
    os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="backoffice-benchmarks-")
os.environ["DJANGO_ENV"] = "test"  # as production does: no record of every statement
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.apps import apps  # noqa: E402  Django must be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from backoffice.apps.users.models import Enrollment, User  # noqa: E402
from backoffice.audit.models import Audited  # noqa: E402
from benchmarks.list_queries import list_queries  # noqa: E402
from benchmarks.measuring import machine  # noqa: E402

ROLES = ("admin", "registrar", "auditor")
KINDS = ("first", "far", "sorted", "filtered", "searched", "history")
MOST_SQL = {"searched": 20.0}  # milliseconds; 10 for the others
MOST_QUERIES, MOST_QUERIES_OF_HISTORY = 8, 12
TRIES = 3
VERSIONS = 4  # further history rows of each enrollment, which has one of its own


@dataclass
class Page:
    """What one page costs; milliseconds."""

    address: str
    queries: int = 0
    sql: float = 0.0
    whole: float = 0.0
    statements: list[tuple[float, str]] = field(default_factory=list)

    def is_too_dear(self, kind: str) -> bool:
        """Whether it misses its target."""
        most = MOST_QUERIES_OF_HISTORY if kind == "history" else MOST_QUERIES
        return self.sql > MOST_SQL.get(kind, 10.0) or self.queries > most


def fill() -> None:
    """The large demo school, and five versions of every enrollment."""
    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    call_command("init_db", size="large")
    print(f"init_db --size large: {time.perf_counter() - begun:.0f} s", flush=True)
    begun = time.perf_counter()
    print(f"{_add_history():,} more history rows: {time.perf_counter() - begun:.0f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _add_history() -> int:
    """Old versions of every enrollment, by one statement."""
    history = Enrollment.history.model._meta
    columns = ", ".join(
        f'"{field.column}"' for field in history.concrete_fields if not field.primary_key
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {history.db_table} ({columns}) SELECT {columns} "
            f"FROM {history.db_table}, generate_series(1, {VERSIONS}) WHERE history_type = '+'"
        )
        return cursor.rowcount


def best_page(client: Client, address: str) -> Page:
    """The page asked three times; each of its statements, and the whole, at their best."""
    tries = [timed_page(client, address) for _try in range(TRIES)]
    best = min(tries, key=lambda page: page.whole)
    if len({page.queries for page in tries}) == 1:
        best.statements = [min(same) for same in zip(*(t.statements for t in tries), strict=True)]
        best.sql = sum(spent for spent, _sql in best.statements)
    return best


def timed_page(client: Client, address: str) -> Page:
    """The page asked once, with what each of its statements took."""
    page = Page(address)

    def timed(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, *args)
        finally:
            spent = (time.perf_counter() - begun) * 1000
            page.queries, page.sql = page.queries + 1, page.sql + spent
            page.statements.append((spent, sql))

    begun = time.perf_counter()
    with connection.execute_wrapper(timed):
        answer = client.get(address)
    page.whole = (time.perf_counter() - begun) * 1000
    if answer.status_code != 200:
        page.queries, page.statements = 99, [(0, f"answered {answer.status_code}")]
    return page


def pages_of(client: Client, model: type[models.Model]) -> Iterator[tuple[str, Page]]:
    """Every kind of page of a model's list; nothing where the role has no such list."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    address = reverse(f"{name}_changelist")
    answer = client.get(address)
    if answer.status_code != 200:
        return
    changelist = answer.context_data["cl"]
    changelist.request = answer.wsgi_request
    for kind, query in list_queries(changelist):
        yield kind, best_page(client, address + query)
    row = next(iter(changelist.result_list), None)
    history = reverse(f"{name}_history", args=[row.pk]) if row else ""
    if history and client.get(history).status_code == 200:
        yield "history", best_page(client, history)


def report() -> list[tuple[str, str, Page]]:
    """Print the table; the pages that miss their target."""
    missed: list[tuple[str, str, Page]] = []
    print("queries / ms SQL / ms in all".ljust(34), *(kind.rjust(16) for kind in KINDS))
    for role in ROLES:
        client = Client()
        client.force_login(User.objects.get(username=role))
        for model in apps.get_models():
            if issubclass(model, Audited):
                missed += _line(client, role, model)
    return missed


def _line(client: Client, role: str, model: type[models.Model]) -> list[tuple[str, str, Page]]:
    worst: dict[str, Page] = {}
    missed = []
    for kind, page in pages_of(client, model):
        if kind not in worst or page.sql > worst[kind].sql:
            worst[kind] = page
        if page.is_too_dear(kind):
            missed.append((role, kind, page))
    if worst:
        cells = (_cell(worst.get(kind), kind) for kind in KINDS)
        print(f"{role:10}{model.__name__:24}", *cells, flush=True)
    return missed


def _cell(page: Page | None, kind: str) -> str:
    if page is None:
        return "–".rjust(16)
    mark = "!" if page.is_too_dear(kind) else ""
    return f"{mark}{page.queries} / {page.sql:.1f} / {page.whole:.0f}".rjust(16)


def main() -> int:
    """Fill, measure, tell what misses its target, with its dearest statement."""
    print(machine())
    fill()
    missed = report()
    for role, kind, page in missed:
        spent, sql = max(page.statements)
        print(f"\n{role} {kind} {page.address}: {page.queries} queries, {page.sql:.1f} ms SQL")
        print(f"  {spent:.1f} ms: {sql[:600]}")
    print(f"\n{len(missed)} pages miss their target.")
    shutil.rmtree(os.environ["PRIVATE_ROOT"])
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
