"""What the history costs: `make bench-record`, on a PostgreSQL of its own.

Each action is measured with its trigger and without, in turns in one run. The import without it
writes its history by a statement of its own; update and save write none at all. Ratios are of the
CPU of client and database together, because others work on the machine as well.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from backoffice.operations.server_guard import start_throwaway

os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="backoffice-benchmarks-")
os.environ["DJANGO_ENV"] = "test"  # as production does: no record of every statement
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  Django must be set up first
from django.db import connection, transaction  # noqa: E402
from django.db.models import F  # noqa: E402

from backoffice.apps.users.models import Enrollment  # noqa: E402
from backoffice.audit.models import ChangeSet  # noqa: E402
from backoffice.audit.record.postgres_triggers import HISTORY_FIELDS, copied_columns  # noqa: E402
from backoffice.audit.record.recording import recording  # noqa: E402
from benchmarks import engine, world  # noqa: E402
from benchmarks.floor import switched  # noqa: E402
from benchmarks.measuring import Cost, machine, measured  # noqa: E402

ROWS, ROUNDS, SAVES, SAVES_AT_ONCE = 100_000, 5, 600, 50
MOST_OF_IMPORT, MOST_OF_UPDATE, MOST_OF_SAVE = 1.1, 2.0, 1.0
TABLE, HISTORY = Enrollment._meta.db_table, Enrollment.history.model._meta.db_table


@contextmanager
def unrecorded(event: str) -> Iterator[None]:
    """No history is written by the database."""
    switched("DISABLE", event)
    yield
    switched("ENABLE", event)


def imports(path: Path) -> list[float]:
    """Ratios: an import, over the same one whose history a statement of its own writes."""
    ratios = []
    for number in range(ROUNDS):
        both = [_recorded_import, _plain_import]
        costs = {each: each(path) for each in (both if number % 2 else reversed(both))}
        recorded, plain = (costs[each] for each in both)
        ratios.append(recorded.cpu / plain.cpu)
        _print_costs("import", recorded, plain)
    return ratios


def _recorded_import(path: Path) -> Cost:
    world.build(ROWS)
    cost, batch = engine.imported(path)
    assert batch.created == ROWS == Enrollment.history.count(), batch.sentence
    return cost


def _plain_import(path: Path) -> Cost:
    world.build(ROWS)
    with unrecorded("insert"):
        cost, batch = engine.imported(path)
    assert batch.created == ROWS, batch.sentence
    written = ChangeSet.objects.create(source="import")
    columns = ", ".join(copied_columns(Enrollment))
    with measured() as own, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {HISTORY} ({columns}, {', '.join(HISTORY_FIELDS)}, change_set_id, line) "
            f"SELECT {columns}, now(), '+', NULL, '', %s, 1 FROM {TABLE}",
            [written.pk],
        )
    assert Enrollment.history.count() == ROWS
    return Cost(cost.cpu + own.cpu, cost.client + own.client, cost.wall + own.wall)


def updates() -> list[float]:
    """Ratios: an update of all rows, over one without history.

    Each comes after one that found no row: a plan made for that must not be kept.
    """
    ratios = []
    for _number in range(ROUNDS):
        with unrecorded("update"):
            plain = _updated()
        recorded = _updated()
        ratios.append(recorded.cpu / plain.cpu)
        _print_costs("update()", recorded, plain)
    return ratios


def _updated() -> Cost:
    rows = Enrollment.objects.all()
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {TABLE}")
    with recording(source=ChangeSet.Source.JOB):
        rows.filter(pk=0).update(progress_percent=1)
        with measured() as cost:
            assert rows.update(progress_percent=(F("progress_percent") + 1) % 100) == ROWS
    return cost


def saves() -> float:
    """Milliseconds that a save in a transaction of its own takes more than without: of medians.

    The tables are counted in between, as autovacuum does every minute: a session that planned with
    no change set there keeps reading all of them.
    """
    times: dict[bool, list[float]] = {True: [], False: []}
    rows = list(Enrollment.objects.order_by("pk")[:SAVES])
    for start in range(0, SAVES, SAVES_AT_ONCE):
        some = rows[start : start + SAVES_AT_ONCE]
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        with unrecorded("update"):
            times[False] += [_saved(row) for row in some]
        times[True] += [_saved(row) for row in some]
    for title, place in (("quickest tenth", 1), ("median", 5)):
        recorded, plain = (
            statistics.quantiles(times[key], n=10)[place - 1] for key in (True, False)
        )
        print(f"  save, {title}: {recorded:.2f} ms, without history {plain:.2f} ms")
    return recorded - plain


def _saved(row: Enrollment) -> float:
    row.progress_percent = (row.progress_percent + 1) % 100
    start = time.perf_counter()
    with recording(source=ChangeSet.Source.FORM), transaction.atomic():
        row.save()
    return 1_000 * (time.perf_counter() - start)


def _print_costs(action: str, recorded: Cost, plain: Cost) -> None:
    print(
        f"  {action}: CPU {recorded.cpu:.2f} s over {plain.cpu:.2f} s, "
        f"time {recorded.wall:.2f} s over {plain.wall:.2f} s",
        flush=True,
    )


def is_within_limit(what: str, value: float, most: float, unit: str) -> bool:
    """Print a figure with its limit, and say whether it keeps it."""
    print(f"{what}: {value:.2f}{unit} (at most {most}{unit}){'' if value <= most else ' EXCEEDED'}")
    return value <= most


def main() -> int:
    """Measure all three; 1 where a limit is exceeded."""
    print(machine())
    call_command("migrate", verbosity=0)
    path = Path(os.environ["PRIVATE_ROOT"]) / "enrollments.csv"
    world.write_file(path, ROWS)
    measures: tuple[tuple[str, Callable[[], float], float, str], ...] = (
        (f"import of {ROWS:,} rows", lambda: statistics.median(imports(path)), MOST_OF_IMPORT, "×"),
        (f"update() of {ROWS:,} rows", lambda: statistics.median(updates()), MOST_OF_UPDATE, "×"),
        ("a single save, more", saves, MOST_OF_SAVE, " ms"),
    )
    within_limits = [
        is_within_limit(what, measure(), most, unit) for what, measure, most, unit in measures
    ]
    shutil.rmtree(os.environ["PRIVATE_ROOT"])
    return 0 if all(within_limits) else 1


if __name__ == "__main__":
    sys.exit(main())
