"""Health as plain data, and a word for load balancers."""

import pytest
from django.db import DatabaseError, connection, connections

from backoffice.operations.health import check_database_health
from backoffice.operations.pool import get_pool_statistics

pytestmark = pytest.mark.django_db


def test_a_database_that_answers_is_healthy():
    health = check_database_health()
    assert (health["status"], health["message"]) == ("healthy", "The database answers.")
    assert (health["engine"], health["pending_migrations"]) == (connection.vendor, 0)
    assert 0 <= health["response_ms"] < 5_000
    if connection.vendor == "postgresql":
        assert {"vector", "pg_trgm", "btree_gin"} <= set(health["extensions"])


def test_a_database_that_does_not_answer_is_unhealthy(monkeypatch):
    def refuse(*_args: object) -> None:
        raise DatabaseError("connection refused\nDETAIL: secret")

    monkeypatch.setattr(connections["default"], "cursor", refuse)
    assert check_database_health() == {
        "status": "unhealthy",
        "engine": connection.vendor,
        "message": "connection refused",
    }


def test_healthz_says_one_word_to_anybody(client, monkeypatch):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def refuse(*_args: object) -> None:
        raise DatabaseError("host db.internal refused")

    monkeypatch.setattr(connections["default"], "cursor", refuse)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_sqlite_says_that_it_has_no_pool():
    if connection.vendor == "sqlite":
        assert get_pool_statistics() == {
            "engine": "sqlite",
            "available": False,
            "message": "SQLite has no connection pool; there is nothing to count.",
        }


def test_metrics_are_for_the_allowed_addresses(client, settings):
    content = client.get("/metrics").content
    assert b"django_http_requests_before_middlewares_total" in content
    # The fallback's engine counts no statements.
    assert connection.vendor == "sqlite" or b"django_db_execute_total" in content
    handed_on = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert handed_on.status_code == 403
    settings.METRICS_ALLOWED_ADDRESSES = ["10.0.0.1"]
    assert client.get("/metrics").status_code == 403
