"""Half an hour of everything people do: no error, no memory that grows, a record that is whole."""

import os
import random
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.drills.conftest import AddRow
from tests.drills.office import Office, lasting_server, open_office
from tests.drills.visitor import Answer, Visitor

MINUTES = float(os.environ.get("MINUTES", "30"))
EVERY = 5  # seconds between two looks at the memory
PEOPLE = ("registrar", "instructor", "auditor", "admin") * 2
MOST_GROWTH = 1.05, 5.0  # of what a process held before; MB
LINK = re.compile(r'href="(/admin/[a-z][^"#]*)"')
UNWANTED = ("logout", "password_change", "/delete/", "jsi18n", "/history/")
DIGEST = re.compile(r'name="digest" value="([0-9a-f]+)"')


@dataclass
class Person(threading.Thread):
    """Somebody at work: looks around, and does what their role does."""

    role: str
    number: int
    port: int
    stopped: threading.Event
    answers: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.visitor, self.dice = Visitor(self.port), random.Random(self.number)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Until it is stopped."""
        self.visitor.log_in(self.role)
        jobs: dict[str, list[Callable[[], None]]] = {
            "registrar": [self.look_around, self.import_and_undo],
            "admin": [self.look_around, self.save_a_person],
        }
        while not self.stopped.is_set():
            self.dice.choice(jobs.get(self.role, [self.look_around]))()

    def get(self, path: str) -> Answer:
        """Ask for a page; an error of the server is a fault."""
        return self._noted(path, self.visitor.get(path))

    def _noted(self, path: str, answer: Answer) -> Answer:
        self.answers[answer.status] += 1
        if answer.status >= 500:
            self.faults.append(f"{answer.status} {path}")
        return answer

    def look_around(self) -> None:
        """Home, then links from page to page, exports among them."""
        page = self.get("/admin/")
        for _step in range(10):
            links = [
                link.replace("&amp;", "&")
                for link in LINK.findall(page.text)
                if not any(word in link for word in UNWANTED)
            ]
            if not links or self.stopped.is_set():
                return
            page = self.get(self.dice.choice(links))
            self.done["pages"] += 1

    def save_a_person(self) -> None:
        """Open a student, change a word, save."""
        people = re.findall(r"/admin/users/user/(\d+)/change/", self.get("/admin/users/user/").text)
        path = f"/admin/users/user/{self.dice.choice(people)}/change/"
        fields = self.visitor.form(path)
        if fields:
            word = f"Field {self.dice.randrange(10**6)}"
            self._noted(path, self.visitor.post(path, fields | {"specialization": word}))
            self.done["saves"] += 1

    def import_and_undo(self) -> None:
        """Upload a file of people, apply it, undo it."""
        path = "/admin/bulk/batch/upload/?kind=users"
        fields = self.visitor.token(self.get(path)) | {"mode": "upsert", "on_error": "abort"}
        start = self.dice.randrange(10**9)
        lines = "".join(f"D{start + n},Drill,Person{n}\n" for n in range(200))
        text = f"student_id,first_name,last_name\n{lines}"
        answer = self._noted(path, self.visitor.upload(path, fields, "drill.csv", text.encode()))
        page = self.get(answer.location)
        digest = DIGEST.search(page.text)
        if not digest:
            self.faults.append(f"no preview: {page.text[:300]}")
            return
        batch = answer.location.removesuffix("change/")
        sent = self.visitor.token(page) | {"digest": digest[1]}
        self._noted("apply", self.visitor.post(f"{batch}apply/", sent))
        sent = self.visitor.token(self.get(answer.location)) | {"reason": "It was a drill."}
        self._noted("undo", self.visitor.post(f"{batch}undo/", sent))
        self.done["imports"] += 1


def watch(office: Office, minutes: float) -> list[dict[str, float]]:
    """What each process held, again and again, until the time is over."""
    looks, until = [], time.monotonic() + minutes * 60
    while time.monotonic() < until:
        time.sleep(EVERY)
        looks.append(office.memory())
    return looks


def grown(looks: list[dict[str, float]], name: str) -> tuple[float, float]:
    """MB held in the second quarter of the time, and in the last."""
    held = [look[name] for look in looks]
    quarter = max(1, len(held) // 4)
    return statistics.median(held[quarter : 2 * quarter]), statistics.median(held[-quarter:])


def test_half_an_hour_of_mixed_use_leaves_memory_flat_and_the_record_whole(add_row: AddRow):
    with lasting_server() as server, open_office(server) as office:
        stopped = threading.Event()
        people = [Person(role, n, office.port, stopped) for n, role in enumerate(PEOPLE)]
        for person in people:
            person.start()
        looks = watch(office, MINUTES)
        stopped.set()
        for person in people:
            person.join(120)
        faults = [fault for person in people for fault in person.faults]
        done = sum((person.done for person in people), Counter[str]())
        verified = office.command("audit_verify")
        reconciled = office.command("audit_reconcile")
        figures = {name: grown(looks, name) for name in office.processes}
        add_row(
            f"{MINUTES:.0f} minutes of mixed use by {len(people)} people",
            f"{', '.join(f'{number:,} {what}' for what, number in done.items())}; "
            f"{len(faults)} errors; "
            + ", ".join(f"{name} {a:.0f} → {b:.0f} MB" for name, (a, b) in figures.items()),
        )
        assert faults == []
        assert min(done[what] for what in ("pages", "saves", "imports")) > 0
        assert all(person.is_alive() is False for person in people)
        for name, (before, after) in figures.items():
            ratio, megabytes = MOST_GROWTH
            assert after <= max(before * ratio, before + megabytes), name
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
