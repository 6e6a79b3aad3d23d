"""Unusual activity: which changes deserve a look, how many on each day, and why."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.apps.courses.models import CourseTag
from backoffice.audit.models import ChangeSet, anomalies
from backoffice.audit.record.recording import recording
from tests.forging import unwatched

ADDRESS = reverse("admin:unusual")


def change_sets(client: Client, sign: str) -> list[int]:
    page = client.get(f"{ADDRESS}?sign={sign}")
    return [entry.change_set.pk for entry in page.context["entries"]]


def tags(count: int, **context: Any) -> int:
    with recording(**{"source": "action"} | context):
        CourseTag.objects.bulk_create(CourseTag(name=f"t{context}{at}") for at in range(count))
    return ChangeSet.objects.latest("pk").pk


def test_many_rows_at_once_are_found_unless_a_file_brought_them(db, auditor_client: Client):
    many, _few, _file = tags(501), tags(500, reason="x"), tags(501, source="import")
    assert change_sets(auditor_client, "of_many_rows") == [many]


def test_what_came_past_the_admin_without_a_reason_is_found(db, auditor_client: Client):
    silent = tags(1, source="sql")
    explained = tags(2, source="sql", reason="Ticket 12 of the help desk.")
    unexplained = change_sets(auditor_client, "unexplained")
    assert silent in unexplained
    assert explained not in unexplained


def test_deletions_are_found(db, auditor_client: Client):
    tags(2)
    with recording(source="form"):
        CourseTag.objects.all().delete()
    assert change_sets(auditor_client, "that_deleted") == [ChangeSet.objects.latest("pk").pk]


def test_the_page_counts_each_sort_by_day_and_says_what_it_means(db, auditor_client: Client):
    tags(1, source="sql")
    page = auditor_client.get(ADDRESS)
    counts = {each["sign"].name: each["count"] for each in page.context["signs"]}
    assert counts["by_sql"] >= 1
    assert page.context["chart"].total >= counts["by_sql"]
    text = page.content.decode()
    assert "no rule of a form was asked" in text
    assert ">None<" not in text


def test_days_that_are_not_offered_are_thirty(db, auditor_client: Client):
    page = auditor_client.get(f"{ADDRESS}?days=100000&sign=nonsense")
    assert [each["days"] for each in page.context["periods"] if each["active"]] == [30]
    assert page.context["chosen"] is None


@pytest.mark.parametrize("sign", [each.name for each in anomalies.signs()])
def test_every_sort_asks_and_explains(db, sign: str, auditor_client: Client):
    page = auditor_client.get(f"{ADDRESS}?sign={sign}&days=7")
    assert page.status_code == 200
    assert str(page.context["chosen"].meaning) in page.content.decode().replace("&#x27;", "'")
    assert timezone.now().strftime("%d %b") in page.context["chart"].labels


def test_the_chart_has_three_colours_at_most_and_leaves_nothing_out(db, auditor_client: Client):
    tags(501, source="sql")
    tags(501, source="action")
    with recording(source="sql"):
        CourseTag.objects.all().delete()
    page = auditor_client.get(ADDRESS)
    chart = page.context["chart"]
    assert len(chart.series) == 3
    assert str(chart.series[-1].name) == "of other sorts"
    assert chart.total == sum(each["count"] for each in page.context["signs"])


def test_nights_are_from_22_to_6_and_of_people(db, registrar, monkeypatch: pytest.MonkeyPatch):
    day = timezone.now().replace(minute=30, second=0, microsecond=0) - timedelta(days=2)
    made = {}
    for hour in (5, 6, 21, 22):
        monkeypatch.setattr(timezone, "now", lambda hour=hour: day.replace(hour=hour))
        with unwatched():  # the database would say that it is now
            made[hour] = ChangeSet.objects.create(source="form", actor=registrar).pk
            ChangeSet.objects.create(source="job")
    monkeypatch.undo()
    at_night = ChangeSet.objects.at_night(day - timedelta(days=1)).filter(pk__in=made.values())
    assert set(at_night.values_list("pk", flat=True)) == {made[5], made[22]}
