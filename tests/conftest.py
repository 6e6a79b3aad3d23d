"""What every test may use: the cast of people, two courses, and files brought in from text."""

import gc
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import settings as properties

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from tests import demo_school
from tests.counting import COMPARISONS, COUNTED, REQUESTS, sum_of

# How long an example takes says more about the machine than about the code.
properties.register_profile("house", deadline=None)
properties.load_profile("house")


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and not among what was loaded: it took a third of every page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a crawl asks and compares is noted with its test, wherever that runs."""
    before = COUNTED.copy()
    yield
    request.node.user_properties.extend((COUNTED - before).items())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much the access matrix and the crawls looked at."""
    reports = [
        report
        for outcome in ("", "passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if isinstance(report, pytest.TestReport)
    ]
    if total := sum_of(reports):
        terminalreporter.write_line(
            f"Access matrix and crawls: {total['tests']:,} tests, {total[REQUESTS]:,} requests and "
            f"their answers, {total[COMPARISONS]:,} comparisons with the table of rights."
        )


@pytest.fixture(autouse=True)
def private_files(settings: Any, tmp_path: Path) -> Path:
    """Every test keeps its uploads in a folder of its own."""
    settings.PRIVATE_ROOT = tmp_path / "private"
    return settings.PRIVATE_ROOT


@pytest.fixture(autouse=True)
def checked_lately() -> None:
    """The sidebar's badge has its number; once a minute a page asks for it, whichever that is."""
    cache.set("failed_checks", 0, None)


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Makes a member of staff with a role."""

    def make(role: str, username: str = "", **fields: Any) -> User:
        username = username or role
        names = {"first_name": username.title(), "last_name": "Example"}
        return User.objects.create_user(
            username, role=role, is_staff=role != "student", **names | fields
        )

    return make


@pytest.fixture
def student(db: None) -> Callable[..., User]:
    """Makes a student, who has an ID and never logs in."""

    def make(student_id: str, **fields: Any) -> User:
        values = {"username": student_id, "student_id": student_id, "password": "!"} | fields
        return User.objects.create(role=User.Role.STUDENT, is_staff=False, **values)

    return make


def _of_role(role: str, username: str = "") -> Any:
    @pytest.fixture
    def one(person: Callable[..., User]) -> User:
        return person(role, username)

    return one


def _client_of(name: str) -> Any:
    @pytest.fixture
    def one(request: pytest.FixtureRequest, db: None) -> Client:
        client = Client()
        client.force_login(request.getfixturevalue(name))
        return client

    return one


admin = _of_role("admin")
amina = _of_role("admin", "amina")
bea = _of_role("admin", "bea")
registrar = _of_role("registrar")
registrar2 = _of_role("registrar", "registrar2")
instructor = _of_role("instructor")
auditor = _of_role("auditor")
admin_client = _client_of("admin")
registrar_client = _client_of("registrar")
registrar2_client = _client_of("registrar2")
instructor_client = _client_of("instructor")
auditor_client = _client_of("auditor")


@pytest.fixture
def courses(db: None) -> dict[str, Course]:
    """Two courses: one that ended, one without an end."""
    bio = {"code": "BIO101", "presentation": "2026J", "slug": "bio101-2026j", "title": "Biology"}
    art = {"code": "ART200", "presentation": "2026B", "slug": "art200-2026b", "title": "Art"}
    dates = {"starts_on": "2026-02-01", "ends_on": "2026-06-30"}
    return {
        "BIO101": Course.objects.create(**bio, **dates),
        "ART200": Course.objects.create(**art),
    }


Uploaded = Callable[..., Batch]


@pytest.fixture
def upload(registrar: User) -> Uploaded:
    """Uploads text as a file of a kind and previews it."""

    def make(kind: str, text: str | bytes, **options: Any) -> Batch:
        content = text if isinstance(text, bytes) else text.encode()
        actor = options.pop("actor", registrar)
        name = options.pop("name", f"{kind}.csv")
        return preview(receive(io.BytesIO(content), name, actor, kind=kind, **options))

    return make


@pytest.fixture
def import_file(upload: Uploaded, registrar: User) -> Uploaded:
    """Uploads, previews and applies."""

    def make(kind: str, text: str | bytes, **options: Any) -> Batch:
        batch = upload(kind, text, **options)
        assert batch.state == Batch.State.PREVIEWED, [str(issue) for issue in batch.issues.all()]
        return apply(batch, batch.digest, options.get("actor", registrar))

    return make


@pytest.fixture
def demo(db: None) -> None:
    """The demo school, which has a row of every model."""
    demo_school.put_in()
