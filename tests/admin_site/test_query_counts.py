"""How many questions each page asks the database, written down and refreshed on purpose.

With thirty rows and more in a list. A page that asks more, or fewer, than `query_counts.json` says
fails; RECORD=1 writes the numbers of this database down anew. Look at the difference before
committing it: a number that grew is rows fetched one by one.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.admin_site.pages import navigation
from tests.addresses import MODELS
from tests.rights import rights_in, rows_of
from tests.school import ROLES, School, roles_here, rolled_back

pytestmark = pytest.mark.django_db

FILE = Path(__file__).with_name("query_counts.json")
ROWS = 30
# At most, by the sort of page. The session, the person and the roles are asked for on each; what
# the sidebar and the home page count on top is looked at by itself, with bounds: both grow with
# every badge and card.
MOST = {"list": 8, "form": 25, "history": 25}
# A change set asks for its rows kind by kind, and this one has a row of every kind.
# The list of imports puts away what nobody decided on.
WIDE = {"audit.changeset form": 5 * len(MODELS), "bulk.batch list": 9}
MOST_AT_HOME, MOST_BADGES = 40, 6
HOW = "RECORD=1 python -m pytest tests/admin_site/test_query_counts.py records it anew."
Counts = dict[str, int]
STAFF = (*ROLES, "superuser")


@pytest.fixture(scope="module")
def crowd(school: School) -> School:
    """The school with thirty rows of everything for everybody."""
    school.grow(ROWS + 2)
    return school


@pytest.fixture(autouse=True)
def known_kinds() -> None:
    """A process asks for the kinds of rows once; which page comes first must not matter."""
    ContentType.objects.clear_cache()
    ContentType.objects.get_for_models(*apps.get_models(), for_concrete_models=False)


def pages_of(school: School, role: str) -> Iterator[tuple[str, str, str]]:
    """Sort, name and address of every page that is counted."""
    for label in MODELS:
        if "V" not in rights_in(role, label, "any"):
            continue
        start = f"/admin/{label.replace('.', '/')}/"
        yield "list", f"{label} list", start
        row = rows_of(school, role, label)["own"]
        yield "form", f"{label} form", f"{start}{row.pk}/change/"
        if "H" in rights_in(role, label, "any") and hasattr(MODELS[label], "history"):
            yield "history", f"{label} history", f"{start}{row.pk}/history/"


def counted(client: Client, address: str) -> tuple[int, Any]:
    """How many queries a page takes; without the savepoints, which are the tests' own."""
    with rolled_back(), CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    statements = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
    return len(statements), answer


def recorded() -> dict[str, dict[str, Counts]]:
    """What is written down, by database and role."""
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def record(role: str, counts: Counts) -> None:
    """Write the numbers of a role down."""
    known = recorded()
    known.setdefault(connection.vendor, {})[role] = dict(sorted(counts.items()))
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")


@pytest.fixture
def without_badges(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sidebar as it is without what its badges count."""
    monkeypatch.setattr(navigation, "_badge", lambda _count, _request: {})


@pytest.mark.parametrize("role", STAFF)
def test_the_home_page_and_the_sidebar_ask_a_bounded_number_of_questions(
    role: str, crowd: School, monkeypatch: pytest.MonkeyPatch
):
    client = crowd.client(role)
    client.get("/admin/")
    whole, _answer = counted(client, "/admin/")
    listed, _answer = counted(client, "/admin/users/enrollment/")
    monkeypatch.setattr(navigation, "_badge", lambda _count, _request: {})
    plain, _answer = counted(client, "/admin/users/enrollment/")
    assert whole <= MOST_AT_HOME
    assert listed - plain <= MOST_BADGES


@pytest.mark.parametrize("role", roles_here(*STAFF))
def test_every_page_asks_as_many_questions_as_is_written_down(
    role: str, crowd: School, without_badges: None
):
    client = crowd.client(role)
    client.get("/admin/")  # what is kept for the whole process
    counts: Counts = {}
    too_many: list[str] = []
    for sort, name, address in pages_of(crowd, role):
        counts[name], answer = counted(client, address)
        assert answer.status_code == 200, (role, address)
        if sort == "list":
            assert len(answer.context_data["cl"].result_list) >= ROWS, (role, name)
        most = WIDE.get(name, MOST[sort])
        if counts[name] > most:
            too_many.append(f"{name}: {counts[name]} queries, at most {most}")
    assert not too_many, "\n".join(too_many)
    if os.environ.get("RECORD"):
        record(role, counts)
    known = recorded().get(connection.vendor, {}).get(role, {})
    assert differences(known, counts) == [], HOW


def differences(known: Counts, counts: Counts) -> list[str]:
    """The pages whose number differs, in words."""
    return [
        f"{name}: {counts.get(name, 'gone')} queries instead of {known.get(name, 'none recorded')}"
        for name in sorted({*known, *counts})
        if known.get(name) != counts.get(name)
    ]


@pytest.mark.parametrize("kind", ["list", "form"])
def test_a_difference_says_which_page_and_how_to_record_it(kind: str):
    report = differences({f"users.user {kind}": 5}, {f"users.user {kind}": 36})
    assert report == [f"users.user {kind}: 36 queries instead of 5"]
    assert "RECORD=1" in HOW
