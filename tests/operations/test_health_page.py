"""The health page says of every check what it found; the pool page shows the pool."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from backoffice.admin_site.pages import health
from backoffice.admin_site.pages.health import CheckResult, failed_checks, health_check, run_checks
from backoffice.bulk.models import Batch, BatchRun, Worker
from backoffice.operations.pool import connections_by_state


@pytest.fixture(autouse=True)
def no_memory() -> None:
    cache.clear()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that cannot even be made, beside those there are."""
    # Found for the first time here, they would go with this test's list.
    autodiscover_modules("health_checks")
    monkeypatch.setattr(health, "_checks", list(health._checks))

    @health_check("Moon", order=99)
    def moon() -> CheckResult:
        raise OSError("The moon does not answer.\nDETAIL: secret")


def test_all_checks_of_a_sound_house_are_good(admin_client):
    Worker.objects.create(name="w", seen_at=timezone.now())
    page = admin_client.get(reverse("admin:health"))
    results = {str(each.title): each.result for each in page.context["checks"]}
    assert {each.status for each in results.values()} == {"good"}
    assert list(results) == [
        "Database",
        "Migrations",
        "Record of changes",
        "Seal of the record",
        "Merged records",
        "Merges that wait",
        "Connection pool",
        "Connections of the server",
        "Private files",
        "Free space",
        "Metrics",
        "Imports",
        "Worker",
    ]
    assert results["Migrations"].detail == "The tables are up to date."


def test_a_check_that_breaks_has_failed_and_the_others_go_on(db, broken):
    made = {str(each.title): each for each in run_checks()}
    assert made["Moon"].result == CheckResult.failed("The moon does not answer.")
    assert made["Database"].result.status == "good"


def test_failed_checks_stand_in_the_sidebar(admin_client, broken):
    home = admin_client.get(reverse("admin:index"))
    [system] = [g for g in home.context["sidebar_navigation"] if g.get("title") == "System"]
    assert [item.get("badge") for item in system["items"]] == ["1", None]


def test_the_sidebar_does_not_check_anew_for_every_page(db, monkeypatch):
    assert failed_checks() == 0
    monkeypatch.setattr(health, "run_checks", lambda: pytest.fail("checked anew"))
    assert failed_checks() == 0


def test_an_import_without_a_sign_of_life_is_told(db, registrar):
    batch = Batch.objects.create(kind="users", uploaded_by=registrar, state=Batch.State.READING)
    BatchRun.objects.filter(pk=batch.pk).update(touched_at=timezone.now() - timedelta(minutes=9))
    [check] = [each for each in run_checks() if str(each.title) == "Imports"]
    message = "1 import has shown no sign of life lately. Open it to settle it."
    assert (check.result.status, check.result.detail) == ("warning", message)


def test_the_pool_page_shows_numbers_or_says_why_there_are_none(admin_client):
    text = admin_client.get(reverse("admin:pool")).content.decode()
    if connection.vendor == "sqlite":
        assert "SQLite has no connection pool; there is nothing to count." in text
        assert connections_by_state() == []
    else:
        assert "connections are in use." in text
        assert "DATABASE_MAX_CONNS" in text
        assert dict(connections_by_state())["active"] >= 1


@pytest.mark.parametrize(
    ("who", "health", "pool"),
    [
        ("admin", 200, 200),
        ("registrar", 200, 403),
        ("auditor", 200, 200),
        ("instructor", 403, 403),
    ],
)
def test_who_sees_the_pages(who, health, pool, request):
    client = request.getfixturevalue(f"{who}_client")
    assert client.get(reverse("admin:health")).status_code == health
    assert client.get(reverse("admin:pool")).status_code == pool
    assert client.post(reverse("admin:health")).status_code == 403
