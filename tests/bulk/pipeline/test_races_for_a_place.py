"""Whoever comes at once into a nearly full course: one gets the place, the other is refused."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.plan.writer import Writer
from tests.filling import errors_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time"),
]
HEADER = "student_id,course_code,presentation\n"
CHANGED = "The data changed since the preview, so nothing was written. Look at the new preview."
OVER = (
    "With this, the course is over its enrollment limit by 1: 3 active students of 2. It takes a "
    "reason."
)
PAUSE = 0.5  # seconds: by then the other one waits for the course


@pytest.fixture
def people(courses: dict[str, Course], student: Callable[..., User]) -> Iterator[list[User]]:
    """Two who want the last place of the biology course."""
    Course.objects.filter(code="BIO101").update(enrollment_limit=2)
    Enrollment.objects.create(student=student("s1000"), course=courses["BIO101"])
    yield [student("s1001"), student("s1002")]
    active = courses["BIO101"].enrollments.active().students()
    assert active.count() == 2, "never over the limit without a reason"


@pytest.fixture
def first_in(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once one of the two has looked at the course, and before it writes."""
    event = threading.Event()

    def paused(owner: type, name: str) -> None:
        write = getattr(owner, name)

        def write_later(self: Any, *args: Any, **kwargs: Any) -> Any:
            event.set()
            time.sleep(PAUSE)
            return write(self, *args, **kwargs)

        monkeypatch.setattr(owner, name, write_later)

    paused(Writer, "write")
    paused(Enrollment, "save")
    return event


def by_file(batch: Batch, actor: User) -> str:
    try:
        return str(apply(batch, batch.digest, actor).state)
    except NotApplied as refusal:
        return str(refusal)


def by_form(client: Client, person: User) -> str:
    course = Course.objects.get(code="BIO101")
    data = {"student": person.pk, "course": course.pk, "role": "student", "progress_percent": "0"}
    answer = client.post("/admin/users/enrollment/add/", data)
    return "in" if answer.status_code == 302 else errors_of(answer)["course"][0]


def race(first: Callable[[], str], second: Callable[[], str], first_in: threading.Event) -> Any:
    """What comes of both, where the second begins once the first has looked at the course."""

    def run(way: Callable[[], str]) -> str:
        try:
            if way is second:
                assert first_in.wait(30)
            return way()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        return list(threads.map(run, (first, second)))


def test_of_two_imports_the_second_is_shown_the_full_course(upload, people, registrar, first_in):
    one, other = (
        upload("enrollments", f"{HEADER}{each.student_id},BIO101,2026J\n") for each in people
    )
    outcomes = race(lambda: by_file(one, registrar), lambda: by_file(other, registrar), first_in)
    assert outcomes == ["applied", CHANGED]
    other.refresh_from_db()
    assert other.state == "refused"
    assert [issue.code for issue in other.issues.all()] == ["over_limit"]


def test_an_import_waits_for_a_form_and_finds_the_course_full(
    upload, people, registrar, registrar_client, first_in
):
    batch = upload("enrollments", f"{HEADER}s1001,BIO101,2026J\n")
    outcomes = race(
        lambda: by_form(registrar_client, people[1]), lambda: by_file(batch, registrar), first_in
    )
    assert outcomes == ["in", CHANGED]
    batch.refresh_from_db()
    assert batch.state == "refused"


def test_a_form_waits_for_an_import_and_finds_the_course_full(
    upload, people, registrar, registrar_client, first_in
):
    batch = upload("enrollments", f"{HEADER}s1001,BIO101,2026J\n")
    outcomes = race(
        lambda: by_file(batch, registrar), lambda: by_form(registrar_client, people[1]), first_in
    )
    assert outcomes == ["applied", OVER]
