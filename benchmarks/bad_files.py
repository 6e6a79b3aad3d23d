"""What bad files cost: `make drill-bad-files`, on a PostgreSQL of its own.

Every file of the tests' corpus, some at the edge of what may be, and good ones spoilt by chance are
brought in one after the other, as `import_csv --dry-run` does it, each in a process of its own.
Time is the whole life of that process; memory is all it ever held, Python and Django included.
"""

import gc
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import django

from backoffice.operations.server_guard import start_throwaway

if __name__ == "__main__":
    os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
os.environ["DJANGO_ENV"] = "test"  # as production does: no record of every statement
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.conf import settings  # noqa: E402  Django must be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from benchmarks.measuring import machine  # noqa: E402
from tests.bulk.bad_files import bad_files, heavy_files, school  # noqa: E402
from tests.bulk.bad_files.answers import answer_to_stored  # noqa: E402
from tests.bulk.bad_files.case import BadFile  # noqa: E402
from tests.bulk.bad_files.mutations import spoilt  # noqa: E402
from tests.bulk.readers.test_zip_files import TRICKS  # noqa: E402

SPOILT = 200
MOST_SECONDS, MOST_SECONDS_OF_A_BOMB, MOST_MEGABYTES = 5.0, 1.0, 300.0
PATIENCE = 60  # seconds after which a file is given up
ROWS_PER_TABLE = 10


@dataclass(frozen=True)
class Cost:
    """What one file took, and whether it was answered as it should be."""

    case: BadFile
    seconds: float
    megabytes: float
    is_answered: bool

    @property
    def is_within(self) -> bool:
        """Whether it kept to the limits."""
        most = MOST_SECONDS_OF_A_BOMB if self.case.is_bomb else MOST_SECONDS
        return self.is_answered and self.seconds <= most and self.megabytes <= MOST_MEGABYTES

    def __str__(self) -> str:
        mark = " " if self.is_within else "!"
        note = "" if self.is_answered else "  (not answered)"
        return f"{mark} {self.seconds:6.2f} s {self.megabytes:6.0f} MB  {self.case.name}{note}"


def cases() -> Iterator[BadFile]:
    """Every file that is tried."""
    yield from bad_files()
    yield from heavy_files()
    for name, (content, code) in TRICKS.items():
        yield BadFile(f"zip: {name}", "users", content, code, file_name="a.zip", is_bomb=True)
    yield from map(spoilt, range(SPOILT))


def apart(action: Iterator[None]) -> tuple[int, float, float]:
    """Do something in a process of its own: how it ended, seconds, megabytes."""
    began = time.perf_counter()
    child = os.fork()
    if not child:
        signal.alarm(PATIENCE)
        try:
            next(action, None)
            os._exit(0)
        except BaseException as error:
            print(f"  {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    _child, status, used = os.wait4(child, 0)
    return status, time.perf_counter() - began, used.ru_maxrss / 1024


def written(case: BadFile, folder: Path) -> Iterator[None]:
    """Make the file, away from the process that is measured."""
    (folder / case.file_name).write_bytes(case.read())
    yield


def answered(case: BadFile, folder: Path) -> Iterator[None]:
    """Bring the file in; whoever knows what has to be said of it sees that it is said."""
    answer = answer_to_stored(case, folder)
    answer.assert_good()
    if case.code:
        assert answer.errors, answer.state
        assert answer.errors[0]["code"] == case.code, answer.errors[0]["code"]
    yield


def cost_of(case: BadFile, folder: Path) -> Cost:
    """Make the file, bring it in, remove it."""
    apart(written(case, folder))
    status, seconds, megabytes = apart(answered(case, folder))
    (folder / case.file_name).unlink()
    return Cost(case, seconds, megabytes, status == 0)


def table_lines(costs: list[Cost]) -> Iterator[str]:
    """The table: the slowest, the largest, and all that are over a limit."""
    tables: dict[str, Iterable[Cost]] = {
        "the slowest": sorted(costs, key=lambda cost: -cost.seconds)[:ROWS_PER_TABLE],
        "the slowest bombs": sorted(
            (cost for cost in costs if cost.case.is_bomb), key=lambda cost: -cost.seconds
        )[:ROWS_PER_TABLE],
        "the largest": sorted(costs, key=lambda cost: -cost.megabytes)[:ROWS_PER_TABLE],
        "over a limit": [cost for cost in costs if not cost.is_within],
    }
    for title, rows in tables.items():
        yield f"\n{title}:"
        yield from map(str, rows)


def main() -> int:
    """Build the school, try every file, say which are over a limit."""
    call_command("migrate", verbosity=0)
    school.build()
    connections.close_all()
    gc.freeze()  # or each child looks for garbage in, and so copies, all that this process holds
    with tempfile.TemporaryDirectory() as folder:
        settings.PRIVATE_ROOT = Path(folder) / "private"
        costs = [cost_of(case, Path(folder)) for case in cases()]
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{machine()}; {len(costs)} files; a process with nothing to do holds {own:.0f} MB")
    print("\n".join(table_lines(costs)))
    return 1 if any(not cost.is_within for cost in costs) else 0


if __name__ == "__main__":
    sys.exit(main())
