"""PostgreSQL killed while eight people save: what was acknowledged is there, with its history."""

import http.client
import os
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from backoffice.operations.embedded import EmbeddedServer
from tests.drills.conftest import AddRow
from tests.drills.office import Office, kill_server, lasting_server, open_office, stored
from tests.drills.visitor import Visitor

KILLS = int(os.environ.get("KILLS", "20"))
CLIENTS = 8
WORK, PAUSE = 4.0, 0.5  # seconds of writing before each kill, and between tries after one
FIELD = re.compile(r"Drill (\d+) (\d+)")


@dataclass
class Writer(threading.Thread):
    """Saves a person again and again, each time under a higher number."""

    number: int
    person: int
    port: int
    stopped: threading.Event
    acknowledged: list[int] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Until it is stopped; through errors, as people do, by trying again."""
        visitor, count, is_inside = Visitor(self.port), 0, False
        while not self.stopped.is_set():
            count += 1
            try:
                if not is_inside:
                    visitor.log_in("admin")
                    is_inside = True
                self._save(visitor, count)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.answers[type(error).__name__] += 1
                time.sleep(PAUSE)

    def _save(self, visitor: Visitor, count: int) -> None:
        path = f"/admin/users/user/{self.person}/change/"
        fields = visitor.form(path)
        if fields is None:
            self.answers["page not opened"] += 1
            time.sleep(PAUSE)
            return
        answer = visitor.post(path, fields | {"specialization": f"Drill {self.number} {count}"})
        self.answers[str(answer.status)] += 1
        if answer.status == 302:
            self.acknowledged.append(count)


def kill_again_and_again(server: EmbeddedServer, office: Office, writers: list[Writer]) -> None:
    """Let people write, kill the server, start it anew."""
    for _kill in range(KILLS):
        before = sum(len(writer.acknowledged) for writer in writers)
        time.sleep(WORK)
        until = time.monotonic() + 60
        while sum(len(writer.acknowledged) for writer in writers) < before + CLIENTS:
            assert time.monotonic() < until, [writer.answers for writer in writers]
            time.sleep(PAUSE)
        kill_server(server)
        server.start()


def test_no_acknowledged_save_is_lost_when_postgresql_is_killed(add_row: AddRow):
    with lasting_server() as server, open_office(server) as office:
        people = stored(server, "SELECT id FROM users_user WHERE role = 'student' ORDER BY id")
        stopped = threading.Event()
        writers = [Writer(n, int(people[n][0]), office.port, stopped) for n in range(CLIENTS)]
        for writer in writers:
            writer.start()
        kill_again_and_again(server, office, writers)
        stopped.set()
        for writer in writers:
            writer.join(120)
        now = {row[0] for row in stored(server, "SELECT specialization FROM users_user")}
        versions = stored(server, "SELECT DISTINCT specialization FROM users_historicaluser")
        history = {row[0] for row in versions}
        saved = {f"Drill {w.number} {count}" for w in writers for count in w.acknowledged}
        last = {f"Drill {w.number} {w.acknowledged[-1]}" for w in writers}
        numbers = {(int(m[1]), int(m[2])) for m in map(FIELD.fullmatch, now) if m}
        behind = {w.number for w in writers if dict(numbers).get(w.number, 0) < w.acknowledged[-1]}
        answers = sum((writer.answers for writer in writers), Counter[str]())
        verified = office.command("audit_verify")
        reconciled = office.command("audit_reconcile")
        add_row(
            f"{KILLS} kills of PostgreSQL while {CLIENTS} people save",
            f"{len(saved):,} saves acknowledged, {len(saved - history)} lost; "
            f"answers meanwhile: {', '.join(f'{n} × {what}' for what, n in answers.most_common())}",
        )
        assert saved - history == set()
        assert behind == set(), (last, now)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
