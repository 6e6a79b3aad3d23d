"""300 hostile workbooks and zip files through the upload page of a real web server.

Part of `make drill-bad-files`, on a PostgreSQL of its own. Beside gunicorn runs a worker. A file's
time is from its upload until its import is decided; its memory is the most that any process of both
held meanwhile, those that they started counted in.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import django

from backoffice.operations.server_guard import start_throwaway

if __name__ == "__main__":
    os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
    os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="backoffice-benchmarks-")
os.environ["DJANGO_ENV"] = "test"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.conf import settings  # noqa: E402  Django must be set up first
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart  # noqa: E402

from backoffice.apps.users.models import User  # noqa: E402
from backoffice.bulk.models import Batch  # noqa: E402
from benchmarks.measuring import machine  # noqa: E402
from tests.bulk.bad_files import school  # noqa: E402
from tests.bulk.bad_files.case import BadFile  # noqa: E402
from tests.bulk.bad_files.hostile import hostile  # noqa: E402
from tests.bulk.bad_files.mutations import GOOD_FILES  # noqa: E402

FILES = 300
MOST_SECONDS, MOST_MEGABYTES = 5.0, 300.0
MOST_GROWTH = 10.0  # MB of the web server over all files
WARM_UP = 20  # files, before memory is compared
SAMPLES = 0.02  # seconds between two
ROOT = Path(__file__).resolve().parents[1]
OPTIONS = {"mode": "upsert", "on_error": "skip", "dialect": "auto", "create_students": "on"}
TOKEN = "x" * 32


@dataclass(frozen=True)
class Cost:
    """What one file took, and how the page and its import answered."""

    name: str
    seconds: float
    cpu: float  # seconds of the server, the worker, and what they started
    megabytes: float
    status: int
    state: str

    @property
    def is_within(self) -> bool:
        return (
            self.status < 500
            and self.state in ("previewed", "held", "refused", "no batch")
            and self.seconds <= MOST_SECONDS
            and self.megabytes <= MOST_MEGABYTES
        )

    def __str__(self) -> str:
        mark = " " if self.is_within else "!"
        return (
            f"{mark} {self.seconds:6.2f} s {self.cpu:5.2f} s CPU {self.megabytes:6.0f} MB  "
            f"{self.status} {self.state:10} {self.name}"
        )


def memory_of(process: int, field: str = "VmRSS") -> float:
    """What a process holds, or held at the most (`VmHWM`), in MB; 0 once it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_of(*processes: int) -> float:
    """Seconds of CPU time that processes and all they started have taken so far."""
    ticks = 0
    for process in (each for main in processes for each in descendants(main)):
        with suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # its own, and those of children that ended
    return ticks / os.sysconf("SC_CLK_TCK")


def descendants(process: int) -> Iterator[int]:
    """A process and all it started."""
    yield process
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from descendants(int(child))


class Peak:
    """The most that any process of some held, watched by a thread."""

    def __init__(self, *processes: int) -> None:
        self.processes, self.megabytes, self.is_over = processes, 0.0, threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.is_over.wait(SAMPLES):
            for process in self.processes:
                for each in descendants(process):
                    self.megabytes = max(self.megabytes, memory_of(each))

    def take(self) -> float:
        """The peak since the last call."""
        peak, self.megabytes = self.megabytes, 0.0
        return peak


class Site:
    """The web server and the worker, and a registrar at the upload page."""

    def __init__(self, port: int, session: str) -> None:
        self.address = f"http://127.0.0.1:{port}/admin/bulk/batch/upload/"
        self.cookies = f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={TOKEN}"

    def upload(self, case: BadFile, content: bytes) -> int:
        """Send a file as the form does; the status of the page it ends on."""
        file = SimpleUploadedFile(case.file_name, content)
        form = {**OPTIONS, "csrfmiddlewaretoken": TOKEN, "file": file}
        request = Request(
            f"{self.address}?kind={case.kind}",
            encode_multipart(BOUNDARY, form),
            {"Cookie": self.cookies, "Content-Type": MULTIPART_CONTENT, "Referer": self.address},
        )
        try:
            with urlopen(request, timeout=120) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code


def decided(before: int) -> str:
    """The state of the newest import, once nobody works on it any more."""
    while True:
        batch = Batch.objects.order_by("pk").last()
        if batch is None or batch.pk == before:
            return "no batch"
        if not (batch.is_in_work or batch.state == Batch.State.QUEUED):
            return str(batch.state)
        time.sleep(0.02)


def cost_of(case: BadFile, site: Site, peak: Peak) -> Cost:
    content = case.read()
    newest = Batch.objects.order_by("pk").last()
    peak.take()
    began, cpu = time.perf_counter(), cpu_of(*peak.processes)
    status = site.upload(case, content)
    state = decided(newest.pk if newest else 0)
    seconds, cpu = time.perf_counter() - began, cpu_of(*peak.processes) - cpu
    return Cost(case.name, seconds, cpu, peak.take(), status, state)


@contextmanager
def running(*command: str) -> Iterator[int]:
    """A process of the product, ended afterwards; its id."""
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def table_lines(costs: list[Cost]) -> Iterator[str]:
    """The slowest, the largest, and all that are over a limit."""
    yield "\nthe slowest:"
    yield from map(str, sorted(costs, key=lambda cost: -cost.seconds)[:8])
    yield "\nthe largest:"
    yield from map(str, sorted(costs, key=lambda cost: -cost.megabytes)[:8])
    over = [cost for cost in costs if not cost.is_within]
    yield f"\nover a limit: {len(over)}"
    yield from map(str, over)
    states = sorted({cost.state for cost in costs})
    counts = (f"{sum(cost.state == state for cost in costs)} {state}" for state in states)
    yield "\nstates: " + ", ".join(counts)


def session_of_registrar() -> str:
    """The cookie of a registrar who is logged in."""
    client = Client()
    client.force_login(User.objects.get(username="clerk"))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def costs_of(site: Site, peak: Peak) -> Iterator[Cost]:
    """What each file costs; those over a limit are printed at once."""
    for number in range(FILES):
        cost = cost_of(hostile(number), site, peak)
        if not cost.is_within:
            print(cost, flush=True)
        yield cost


def main() -> int:
    """Build the school, start the site, send every file."""
    call_command("migrate", verbosity=0)
    school.build()
    session, port, good = session_of_registrar(), free_port(), GOOD_FILES["workbook"]
    gunicorn = ("-m", "gunicorn", "backoffice.wsgi", f"--bind=127.0.0.1:{port}", "--threads=8")
    with (
        running(*gunicorn, "--no-control-socket") as server,
        running("manage.py", "db_worker", "--interval", "0.1", "--no-startup-delay") as worker,
    ):
        site, peak = Site(port, session), Peak(server, worker)
        wait_for(port)
        for number in range(WARM_UP):
            cost_of(good if number % 2 else hostile(number), site, peak)
        before = sum(map(memory_of, descendants(server)))
        costs = list(costs_of(site, peak))
        after = sum(map(memory_of, descendants(server)))
        last = cost_of(good, site, peak)
    peak.is_over.set()
    connection.close()
    shutil.rmtree(os.environ["PRIVATE_ROOT"])
    print(f"{machine()}; {len(costs)} hostile files through the upload page")
    print("\n".join(table_lines(costs)))
    print(f"\nthe web server held {before:.0f} MB before and {after:.0f} MB after them")
    print(f"a good workbook afterwards: {last}")
    is_good = all(cost.is_within for cost in (*costs, last)) and after - before <= MOST_GROWTH
    return 0 if is_good else 1


def wait_for(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
