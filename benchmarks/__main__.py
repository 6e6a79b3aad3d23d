"""Print the ratios: `python -m benchmarks`, on a PostgreSQL of its own.

Its tables are emptied between the measurements, so it never takes a database that is there.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import django

from backoffice.operations.server_guard import start_throwaway

IS_CHILD = len(sys.argv) > 1
if not IS_CHILD:
    os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
    os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="backoffice-benchmarks-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  Django must be set up first

from backoffice.apps.users.models import Enrollment  # noqa: E402
from benchmarks import engine, exporting, floor, stock, world  # noqa: E402
from benchmarks.measuring import Cost, machine, peak_memory  # noqa: E402

ROWS, STOCK_ROWS, MANY_ROWS = 100_000, 10_000, 1_000_000
ROUNDS = 5
EXPORT_ROUNDS = 7


def show(title: str, cost: Cost) -> None:
    """One line of figures."""
    print(
        f"{title:44} {cost.wall:8.2f} s  CPU {cost.cpu:7.2f} s "
        f"(client {cost.client:6.2f} s)  {cost.statements:7} statements"
    )


def against_floor(folder: Path) -> None:
    """Import of new enrollments against bare COPY of the same rows, and again with few changes."""
    path, later = folder / "enrollments.csv", folder / "later.csv"
    world.write_file(path, ROWS)
    world.write_file(later, ROWS, one_percent_passed=True)
    ratios, again = zip(*(_one_round(path, later) for _round in range(ROUNDS)), strict=True)
    print(f"  ratio of CPU: {statistics.median(ratios):.2f}, the median (at most 1.6)")
    print(f"  with 1 % changed: {statistics.median(again):.2f} of the first (at most 0.4)")


def _one_round(path: Path, later: Path) -> tuple[float, float]:
    world.build(ROWS)
    product, batch = engine.imported(path)
    assert batch.created == ROWS, batch.sentence
    bare = floor.copied_back()
    same, batch = engine.imported(path)
    assert batch.unchanged == ROWS, batch.sentence
    before = Enrollment.history.count()
    changed, batch = engine.imported(later)
    written = Enrollment.history.count() - before
    assert (batch.updated, batch.unchanged) == (ROWS // 100, ROWS - ROWS // 100), batch.sentence
    show(f"{ROWS:,} new: preview, apply, history", product)
    show("  the same again", same)
    show(f"  with 1 % changed, {written:,} history rows", changed)
    show("  bare COPY of the same rows", bare)
    ratio, again = product.cpu / bare.cpu, changed.cpu / product.cpu
    print(
        f"  ratios of CPU: {ratio:.2f} to the bare COPY; the same again "
        f"{same.cpu / product.cpu:.2f} of it, with 1 % changed {again:.2f}"
    )
    return ratio, again


def against_stock(folder: Path) -> None:
    """Import against django-import-export as it comes."""
    path = folder / "few.csv"
    world.build(STOCK_ROWS)
    world.write_file(path, STOCK_ROWS)
    product, _batch = engine.imported(path)
    world.forget_enrollments()
    library = stock.imported(path)
    show(f"{STOCK_ROWS:,} new: preview, apply, history", product)
    show("  stock django-import-export", library)
    print(f"  ratio of time: {library.wall / product.wall:.0f} (at least 100)")


def exports(folder: Path) -> None:
    """Export against bare COPY of the same query, and against django-import-export as it comes."""
    path = folder / "enrollments.csv"
    world.build(ROWS)
    engine.imported(path)
    world.analyze()
    pairs = [(exporting.product(), exporting.bare()) for _round in range(EXPORT_ROUNDS)]
    product, bare = min(pairs, key=lambda pair: pair[0].wall)
    library = exporting.stock(folder, STOCK_ROWS)
    show(f"{ROWS:,} exported as CSV", product)
    show("  bare COPY of the same query", bare)
    show("  exported as XLSX", exporting.workbook())
    show(f"  stock django-import-export, {STOCK_ROWS:,} rows", library)
    ratio = statistics.median(product.wall / bare.wall for product, bare in pairs)
    print(f"  ratio of time: {ratio:.2f} to the bare COPY, the median (at most 1.5)")
    by_row = (library.wall / STOCK_ROWS) / (product.wall / ROWS)
    print(f"  stock, of {STOCK_ROWS:,} rows only: {by_row:.0f} times our time for each row")


def memory(folder: Path) -> None:
    """Memory of a large import over that of a small one, each in a process of its own."""
    few, many = (_peak(folder, rows) for rows in (STOCK_ROWS, MANY_ROWS))
    print(
        f"{MANY_ROWS:,} rows: {many:.0f} MB at most, {many - few:.0f} MB more than "
        f"{STOCK_ROWS:,} rows"
    )


def _peak(folder: Path, rows: int) -> float:
    path = folder / f"{rows}.csv"
    world.build(rows)
    world.write_file(path, rows)
    command = [sys.executable, "-m", "benchmarks", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Run everything, or, given a file, import it and print this process's peak memory in MB."""
    if IS_CHILD:
        engine.imported(Path(sys.argv[1]))
        print(peak_memory())
        return
    print(machine())
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        against_floor(folder)
        exports(folder)
        against_stock(folder)
        memory(folder)
    shutil.rmtree(os.environ["PRIVATE_ROOT"])


main()
