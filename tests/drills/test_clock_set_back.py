"""The clock of the machine set back an hour: the record is sealed on, and verifies."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from backoffice.operations.embedded import EmbeddedServer
from backoffice.operations.server_account import is_root, server_account
from backoffice.operations.server_programs import programs
from tests.drills.conftest import AddRow
from tests.drills.office import PATIENCE, Office, lasting_server, open_office, stored
from tests.drills.visitor import Visitor

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
pytestmark = pytest.mark.skipif(
    not LIBRARIES, reason="needs libfaketime (Debian: apt install faketime)"
)


class Clock:
    """The clock that the server and the product see; minutes away from the machine's."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clock"
        self.path.touch()
        self.path.chmod(0o644)
        self.set(0)

    def set(self, minutes: int) -> None:
        """Everybody sees it with the next look."""
        self.path.write_text(f"{minutes:+d}m")

    @property
    def of_product(self) -> dict[str, str]:
        """Variables by which a Python process sees it."""
        return {"PYTHONPATH": str(Path(__file__).parent / "clock"), "DRILL_CLOCK": str(self.path)}

    @property
    def of_server(self) -> dict[str, str]:
        """Variables by which PostgreSQL sees it."""
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            # Waiting goes on as it is: only the time of day is another one.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@contextmanager
def clocked(server: EmbeddedServer, clock: Clock) -> Iterator[None]:
    """The server, started anew under the clock."""
    sockets = server.sockets
    server.stop()
    account = server_account()
    sockets.mkdir(mode=0o700, exist_ok=True)
    os.chown(sockets, account.pw_uid, account.pw_gid)
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    options = (f"unix_socket_directories={sockets}", "listen_addresses=", "max_connections=120")
    words = [part for option in options for part in ("-c", option)]
    process = subprocess.Popen(
        [programs() / "postgres", "-D", server.data, *words],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"} | clock.of_server,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **(identity if is_root() else {}),
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
        process.wait()


def save(office: Office, word: str) -> None:
    """Somebody logs in and saves a person."""
    visitor = Visitor(office.port)
    visitor.log_in("admin")
    found = office.command("shell", "-c", FIRST_STUDENT)
    path = f"/admin/users/user/{found.stdout.split()[-1]}/change/"
    fields = visitor.form(path)
    assert fields is not None
    answer = visitor.post(path, fields | {"specialization": word})
    assert answer.status == 302, answer.text[:500]


TIMES = (
    "SELECT history_date FROM users_historicaluser WHERE specialization LIKE 'Clock %' "
    "ORDER BY history_id"
)
FIRST_STUDENT = (
    "from backoffice.apps.users.models import User;"
    "print(User.objects.students().order_by('pk').first().pk)"
)


def test_the_record_is_sealed_through_a_clock_set_back_an_hour(add_row: AddRow):
    with (
        lasting_server() as server,
        # Beside the data: the server's account reads it too.
        clocked(server, clock := Clock(server.data.parent)),
        open_office(server, clock.of_product) as office,
    ):
        for word, minutes in (("before", 0), ("meanwhile", -60), ("after", 0)):
            clock.set(minutes)
            save(office, f"Clock {word}")
            sealed = office.command("audit_seal")
            assert sealed.returncode == 0, sealed.stdout + sealed.stderr
            verified = office.command("audit_verify")
            assert verified.returncode == 0, (word, verified.stdout + verified.stderr)
        assert office.processes["sealer"].poll() is None
        # The rows saved in between are an hour older than those saved before them.
        times = stored(server, TIMES)
        assert [later < earlier for (earlier,), (later,) in pairwise(times)] == [True, False]
        add_row("a clock set back an hour and forward again", "saved, sealed and intact each time")


def test_a_pause_of_the_login_ends_in_its_time_though_the_clock_is_set_back(add_row: AddRow):
    with (
        lasting_server() as server,
        clocked(server, clock := Clock(server.data.parent)),
        open_office(server, clock.of_product) as office,
    ):
        visitor = Visitor(office.port)
        for _guess in range(5):
            visitor.try_to_log_in("auditor", "a wrong password")
        answers = []
        # At once; an hour earlier by the clock; and six minutes after that.
        for minutes in (0, -60, -54):
            clock.set(minutes)
            answers.append(visitor.try_to_log_in("auditor", "demo-auditor").status)
        assert answers == [429, 429, 302]
        add_row(
            "a clock set back an hour under the login's pause",
            "the pause neither ends at once nor lasts the hour: 5 minutes",
        )
