"""What sealing, verifying and reconciling cost: `make bench-seal`, on a PostgreSQL of its own.

Rows a second, and against reading the same rows by bare COPY in the same run.
"""

import os
import sys
import time
from collections.abc import Callable

import django

from backoffice.operations.server_guard import start_throwaway

if __name__ == "__main__":
    os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
os.environ["DJANGO_ENV"] = "test"  # as production does: no record of every statement
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  Django must be set up first
from django.db import connection  # noqa: E402

from backoffice.apps.users.models import Enrollment, User  # noqa: E402
from backoffice.audit.record.reconcile import compare  # noqa: E402
from backoffice.audit.seal.ledgers import ledgers  # noqa: E402
from backoffice.audit.seal.seal import seal  # noqa: E402
from backoffice.audit.seal.verify import verify  # noqa: E402
from benchmarks import world  # noqa: E402
from benchmarks.measuring import machine  # noqa: E402

PLAIN, PERSONAL = 400_000, 100_000  # history rows without and with personal columns
LEAST = {"sealing": 50_000, "verifying": 60_000}  # rows a second
TO_NOWHERE = "/dev/null"


def fill() -> int:
    """History rows of enrollments and of people; gives how many there are to seal."""
    world.build(100_000)
    with connection.cursor() as cursor:
        student, course = User.objects.order_by("pk").first(), world.Course.objects.first()
        enrollment = Enrollment.objects.create(student=student, course=course)
        for model, row, count in (
            (Enrollment, enrollment, PLAIN),
            (User, student, PERSONAL),
        ):
            history = model.history.model
            names = [f.column for f in history._meta.concrete_fields if f.column != "history_id"]
            columns = ", ".join(f'"{name}"' for name in names)
            cursor.execute(
                f"INSERT INTO {history._meta.db_table} ({columns}) SELECT {columns} "
                f"FROM {history._meta.db_table}, generate_series(1, %s) WHERE id = %s",
                [count, row.pk],
            )
        cursor.execute("ANALYZE")
        counts = []
        for ledger in ledgers():
            cursor.execute(f'SELECT count(*) FROM "{ledger.table}"')
            counts.append(cursor.fetchone()[0])
    return sum(counts)


def reconciled() -> None:
    """Compare 100,000 enrollments with their history, next to counting both tables."""
    table, history = Enrollment._meta.db_table, Enrollment.history.model._meta.db_table
    references = ("id", "student_id", "course_id")
    fields = (f for f in Enrollment._meta.concrete_fields if not f.generated)
    others = [field.column for field in fields if field.column not in references]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(others)}, student_id, course_id) "
            f"SELECT {', '.join(f'e.{name}' for name in others)}, u.id, c.id "
            f"FROM {table} e, users_user u, courses_course c ON CONFLICT DO NOTHING"
        )
        cursor.execute(f"VACUUM ANALYZE {table}, {history}")
        counting = f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM {history})"
        floor = timed(lambda: cursor.execute(counting))
    spent = timed(lambda: compare(Enrollment, 20))
    comparison = compare(Enrollment, 20)
    assert (comparison.rows, comparison.differing) == (100_000, 0), comparison
    print(f"reconciling {spent:5.2f} s: {comparison}; {spent / floor:.1f} times counting the rows")


def timed(action: Callable[[], object]) -> float:
    """Seconds it takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def read_bare() -> None:
    """Read every sealed row by COPY, and do nothing with it."""
    with open(TO_NOWHERE, "wb") as nowhere, connection.cursor() as cursor:
        for ledger in ledgers():
            names = ", ".join(f'"{name}"' for name in (*ledger.public, *ledger.personal))
            cursor.copy_expert(f"COPY (SELECT {names} FROM {ledger.table}) TO STDOUT", nowhere)


def main() -> int:
    """Fill, measure, say what misses its target."""
    print(machine())
    call_command("migrate", verbosity=0)
    rows = fill()
    floor = timed(read_bare)
    missed = 0
    print(f"{rows:,} rows; bare COPY of them: {floor:.2f} s, {rows / floor:,.0f} rows/s")
    for name, action in (("sealing", seal), ("verifying", verify)):
        spent = timed(action)
        rate, least = rows / spent, LEAST[name]
        missed += rate < least
        print(
            f"{name:10} {spent:6.2f} s {rate:10,.0f} rows/s (at least {least:,}), "
            f"{spent / floor:.1f} times bare COPY"
        )
    reconciled()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
