"""The database keeps the rules that are declared for it, and a check says where it does not."""

import pytest
from django.db import connection, transaction

from backoffice.admin_site.models import triggers

pytestmark = pytest.mark.django_db(transaction=True)


def dropped(name: str, table: str) -> None:
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")


def test_every_declared_trigger_is_there():
    assert triggers.missing(connection) == []
    assert triggers.check_triggers(databases=["default"]) == []


def test_a_check_names_what_is_missing_and_a_migrate_brings_it_back():
    name = "rule_criterion_score_points_old"
    dropped(name, "assessments_criterionscore")
    (warning,) = triggers.check_triggers(databases=["default"])
    assert warning.id == "admin_site.W001"
    assert warning.msg == f"The database does not keep these rules as it should: {name}."
    triggers.install()
    assert triggers.missing(connection) == []


def test_they_go_and_come_back():
    triggers.remove()
    assert triggers.missing(connection)
    triggers.install()
    assert triggers.missing(connection) == []


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite switches no trigger off")
def test_a_trigger_that_is_switched_off_is_missing():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE assessments_criterionscore DISABLE TRIGGER rule_criterion_score_points_old"
        )
        assert [each.name for each in triggers.missing(connection)] == [
            "rule_criterion_score_points_old"
        ]
        transaction.set_rollback(True)
