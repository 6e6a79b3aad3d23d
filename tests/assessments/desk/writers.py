"""People who grade the same work at once, each with a session of their own over real HTTP."""

import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import connections
from django.test import Client
from django.utils.crypto import get_random_string

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from tests.actions import VERSIONS, page_of
from tests.filling import FormReader

SAVED, STALE = "saved", "stale"
ACCEPTED = (200, 302)  # of the desk; the form and the dialog answer 302
REFUSED = 409


@dataclass
class Answer:
    """What came back over HTTP."""

    status: int
    text: str

    def form_with(self, name: str) -> dict[str, list[str]]:
        """What the form that has this field would send."""
        reader = FormReader()
        reader.feed(self.text)
        return next(form for form in reader.forms if name in form)


class Session:
    """A signed-in browser without a script."""

    def __init__(self, server: str, person: Any) -> None:
        client = Client()
        client.force_login(person)
        self.token = get_random_string(32)
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        cookies["csrftoken"] = self.token
        self.headers = {"Cookie": "; ".join(f"{name}={text}" for name, text in cookies.items())}
        parts = urlsplit(server)
        self.connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def get(self, address: str, **headers: str) -> Answer:
        return self._ask("GET", address, None, headers)

    def post(self, address: str, values: dict[str, Any], **headers: str) -> Answer:
        body = urlencode(values | {"csrfmiddlewaretoken": self.token}, doseq=True)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", address, body, headers | kind)

    def close(self) -> None:
        self.connection.close()

    def _ask(self, method: str, address: str, body: str | None, more: dict[str, str]) -> Answer:
        self.connection.request(method, address, body, self.headers | more)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.read().decode())


@dataclass
class Attempt:
    """One save: the score that was sent, how it ended, and the version it started from."""

    score: str
    outcome: str
    start: int | None = None
    has_feedback: bool = True


@dataclass
class Hammer:
    """Writers who all begin at once; `attempts` are their saves, `failures` all that is neither."""

    work: AssessmentSubmission
    attempts: list[Attempt] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, writers: Sequence[Callable[[str], Attempt]], saves: Sequence[str]) -> None:
        """Share the saves out among the writers, and let them go."""
        barrier = threading.Barrier(len(writers))

        def write(writer: Callable[[str], Attempt], scores: Sequence[str]) -> None:
            barrier.wait()
            try:
                for score in scores:
                    self.attempts.append(writer(score))
            except Exception as error:  # whatever it is, the test says it
                self.failures.append(repr(error))
            finally:
                connections.close_all()

        count = len(writers)
        threads = [
            threading.Thread(target=write, args=(writer, saves[number::count]))
            for number, writer in enumerate(writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @property
    def accepted(self) -> list[Attempt]:
        return [each for each in self.attempts if each.outcome == SAVED]

    @property
    def others(self) -> set[str]:
        """How the saves ended that stored nothing."""
        return {each.outcome for each in self.attempts} - {SAVED}

    def versions(self) -> list[tuple[int, str]]:
        """The version and score of each row of the history, the first first."""
        rows = AssessmentSubmission.history.filter(id=self.work.pk).order_by("history_id")
        return [(row.version, str(row.score)) for row in rows]


def _ended(status: int, accepted: Sequence[int]) -> str:
    if status in accepted:
        return SAVED
    return STALE if status == REFUSED else str(status)


def at_the_desk(session: Session, address: str, **marks: Any) -> Callable[[str], Attempt]:
    """A writer who opens the desk page and saves; `{}` in a mark stands for the score."""

    def save(score: str) -> Attempt:
        opened = session.get(address, **{"HX-Request": "true"})
        assert opened.status == 200, opened.status
        version = opened.form_with("version")["version"][0]
        values = {name: str(text).replace("{}", score) for name, text in marks.items()}
        values |= {"score": score, "feedback": f"By {score}", "version": version}
        answer = session.post(address, values, **{"HX-Request": "true"})
        return Attempt(score, _ended(answer.status, ACCEPTED), int(version.partition("-")[0]))

    return save


def in_the_form(session: Session, address: str) -> Callable[[str], Attempt]:
    """A writer who opens the admin's form of the work and saves it."""

    def save(score: str) -> Attempt:
        values = session.get(address).form_with("_seen")
        answer = session.post(address, values | {"score": [score], "feedback": [f"By {score}"]})
        return Attempt(score, _ended(answer.status, (302,)))

    return save


def in_the_dialog(session: Session, work: AssessmentSubmission) -> Callable[[str], Attempt]:
    """A writer who opens the dialog “Grade” and submits it."""
    address = page_of(work, "grade")

    def save(score: str) -> Attempt:
        sent = session.get(address).form_with(VERSIONS)[VERSIONS]
        values = {VERSIONS: sent, "score": score, "feedback": f"By {score}"}
        answer = session.post(address, values)
        return Attempt(score, _ended(answer.status, (302,)))

    return save


def by_file(actor: Any, header: str, row: str) -> Callable[[str], Attempt]:
    """A writer who brings a grade file in; `{}` in the row stands for the score."""

    def save(score: str) -> Attempt:
        content = io.BytesIO(f"{header}\n{row.replace('{}', score)}\n".encode())
        batch = preview(receive(content, "grades.csv", actor, kind="grades"))
        try:
            apply(batch, batch.digest, actor)
        except NotApplied:
            return Attempt(score, STALE)
        return Attempt(score, SAVED, has_feedback=False)

    return save
