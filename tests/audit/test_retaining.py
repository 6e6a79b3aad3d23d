"""What the record need not keep any longer goes by one command, which leaves its own record."""

import io
import sqlite3
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from backoffice.apps.courses.models import Course
from backoffice.audit.models import ChangeSet, Removal
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched

WHY = "Ten years are over, rule 4.2"


@pytest.fixture
def course(courses: dict[str, Course]) -> Course:
    row = courses["BIO101"]
    for title in ("Marine biology", "Biology of the sea"):
        Course.objects.filter(pk=row.pk).update(title=title)
    seal()
    return row


def retain(day: Any, reason: str = WHY) -> str:
    out = io.StringIO()
    call_command("audit_retain", before=str(day), reason=reason, stdout=out)
    return out.getvalue()


def tomorrow() -> Any:
    return (timezone.now() + timedelta(days=1)).date()


def test_old_versions_go_and_the_newest_of_every_object_stays(course: Course):
    output = retain(tomorrow())
    assert f"2 rows from before {tomorrow()} were removed." in output
    assert [row.title for row in Course.history.filter(id=course.pk)] == ["Biology of the sea"]
    assert Course.history.exclude(id=course.pk).count() == 1


def test_the_removal_is_recorded_and_the_record_verifies(course: Course):
    retain(tomorrow())
    removal = Removal.objects.get()
    change_set = ChangeSet.objects.get(pk=removal.change_set_id)
    assert (change_set.actor_name, change_set.source, change_set.reason) == (
        "audit_retain",
        "command",
        WHY,
    )
    verdict = verify()
    assert (verdict.status, verdict.removed) == (0, 2)


@pytest.fixture
def few_variables() -> Iterator[None]:
    """As many variables in a statement as SQLite has by default; Debian's has more."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    known = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
    yield
    connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, known)


def test_more_rows_go_than_a_statement_has_variables(course: Course, few_variables: None):
    newest = Course.history.filter(id=course.pk).latest("history_id")
    newest.history_id = None
    versions = [copy(newest) for _each in range(33_000)]
    with unwatched():
        Course.history.model._base_manager.bulk_create(versions)
    seal()
    assert "33002 rows from before" in retain(tomorrow())
    verdict = verify()
    assert (verdict.status, verdict.removed) == (0, 33_002)


def test_a_row_that_goes_besides_is_found(course: Course):
    retain(tomorrow())
    row = Course.history.get(id=course.pk)
    with unwatched():
        Course.history.filter(pk=row.pk).delete()
    assert verify().altered == [f"Block 1, courses_historicalcourse row {row.pk}: deleted."]


def test_what_is_not_sealed_stays(course: Course):
    for title in ("A", "B"):
        Course.objects.filter(pk=course.pk).update(title=title)
    retain(tomorrow())
    assert [row.title for row in Course.history.filter(id=course.pk)] == ["B", "A"]


def test_what_is_younger_stays(course: Course):
    assert "0 rows from before 2020-01-01 were removed." in retain("2020-01-01")


def test_a_day_that_has_not_come_is_refused(course: Course):
    day = str(tomorrow() + timedelta(days=1))
    with pytest.raises(CommandError) as refused:
        retain(day)
    assert str(refused.value) == f"“{day}” has not come yet."


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30"])
def test_a_day_that_is_none_is_named(db: None, day: str):
    with pytest.raises(CommandError) as refused:
        retain(day)
    assert str(refused.value) == f"“{day}” is no day. Write it like 2026-01-31."
