"""A large file through the worker: `python -m benchmarks.jobs`, on a PostgreSQL of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

from backoffice.operations.server_guard import start_throwaway

os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="backoffice-benchmarks-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  Django must be set up first

from backoffice.apps.users.models import User  # noqa: E402
from backoffice.bulk.jobs.tasks import order_reading, queue_apply  # noqa: E402
from backoffice.bulk.models import Batch  # noqa: E402
from backoffice.bulk.pipeline.receive import receive  # noqa: E402
from benchmarks import world  # noqa: E402
from benchmarks.measuring import machine  # noqa: E402

FEW_ROWS, MANY_ROWS = 10_000, 1_000_000
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """A small file for comparison, then the large one."""
    print(machine())
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name:
        _seconds, few = through_the_worker(Path(name), FEW_ROWS)
        seconds, many = through_the_worker(Path(name), MANY_ROWS)
    shutil.rmtree(os.environ["PRIVATE_ROOT"])
    print(f"{MANY_ROWS:,} rows: {seconds:.0f} s (at most 90); {many:.0f} MB at most in the worker,")
    print(f"  {many - few:.0f} MB more than with {FEW_ROWS:,} rows (at most 64)")


def through_the_worker(folder: Path, rows: int) -> tuple[float, float]:
    """Read and apply so many new enrollments; the seconds, and the worker's peak memory in MB."""
    world.build(rows)
    world.write_file(path := folder / f"{rows}.csv", rows)
    actor = User.objects.create_user("registrar", role="registrar", is_staff=True)
    with path.open("rb") as stream:
        batch = receive(stream, path.name, actor, kind="enrollments")
    order_reading(batch)
    read = _work()
    batch.refresh_from_db()
    assert batch.state == Batch.State.PREVIEWED, batch.sentence
    assert not queue_apply(batch, batch.digest, actor)
    applied = _work()
    batch.refresh_from_db()
    assert (batch.state, batch.created) == (Batch.State.APPLIED, rows), batch.sentence
    print(f"{rows:,} rows: read in {read[0]:.1f} s, applied in {applied[0]:.1f} s")
    return read[0] + applied[0], max(read[1], applied[1])


def _work() -> tuple[float, float]:
    """A worker's life, from its start until the queue is empty."""
    start = time.perf_counter()
    command = [sys.executable, "manage.py", "db_worker", "--batch", "--no-startup-delay"]
    worker = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    _pid, _status, used = os.wait4(worker.pid, 0)
    return time.perf_counter() - start, used.ru_maxrss / 1024


main()
