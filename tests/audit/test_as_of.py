"""Rows as they stood: at every recorded instant the record gives what a snapshot then would."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.reports.as_of import changed_between, rows_as_of
from tests.forging import unwatched

FIELDS = ("student_id", "course_id", "status", "progress_percent")
STATUSES = ("active", "completed", "failed")
State = dict[int, tuple[Any, ...]]
# Student, then what: enroll or delete, another status, another course, a bulk update.
actions = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["toggle", "status", "move", "bulk"])), max_size=14
)


def stored(course: Course) -> State:
    """The enrollments of the course as they are."""
    rows = Enrollment.objects.filter(course=course)
    return {row.pk: tuple(getattr(row, name) for name in FIELDS) for row in rows}


def recorded(course: Course, moment: datetime) -> State:
    """The enrollments of the course as they were, by the record."""
    rows = rows_as_of(Enrollment, moment, course=course.pk)
    return {row.id: tuple(getattr(row, name) for name in FIELDS) for row in rows}


def do(action: tuple[int, str], people: list[User], courses: list[Course], step: int) -> None:
    """One change of the world."""
    who, what = action
    rows = Enrollment.objects.filter(student=people[who])
    if what == "toggle":
        if not rows.delete()[0]:
            Enrollment.objects.create(student=people[who], course=courses[step % 2])
    elif what == "status":
        rows.update(status=STATUSES[step % 3])
    elif what == "move":
        rows.update(course=courses[step % 2])
    else:
        Enrollment.objects.update(progress_percent=step)


def newest_time() -> datetime:
    """When the last change was recorded."""
    return Enrollment.history.model.objects.latest("pk").history_date


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=actions)
def test_at_every_recorded_instant_the_record_gives_what_was_there(
    courses: dict[str, Course], student: Callable[..., User], done: list[tuple[int, str]]
):
    with transaction.atomic():
        both = list(courses.values())
        people = [student(f"s20{number}") for number in range(4)]
        Enrollment.objects.create(student=people[0], course=both[0])
        snapshots: dict[datetime, list[State]] = {}
        for step, action in enumerate(done, 1):
            do(action, people, both, step)
            snapshots[newest_time()] = [stored(course) for course in both]
        for moment, states in snapshots.items():
            assert [recorded(course, moment) for course in both] == states
        for since, until in zip(snapshots, list(snapshots)[1:], strict=False):
            for at, course in enumerate(both):
                assert_difference(course, since, until, snapshots[since][at], snapshots[until][at])
        transaction.set_rollback(True)


def assert_difference(
    course: Course, since: datetime, until: datetime, old: State, new: State
) -> None:
    """The difference holds just the rows that came, went or got another version."""
    pairs = changed_between(Enrollment, since, until, FIELDS, course=course.pk)
    assert {k for k, (before, _a) in pairs.items() if before is None} == new.keys() - old.keys()
    assert {k for k, (_b, after) in pairs.items() if after is None} == old.keys() - new.keys()
    assert {k for k in old.keys() & new.keys() if old[k] != new[k]} <= pairs.keys()


@pytest.fixture
def row(courses: dict[str, Course], student: Callable[..., User]) -> Enrollment:
    """An enrollment."""
    return Enrollment.objects.create(course=courses["BIO101"], student=student("s3001"))


def at(row: Enrollment, moment: datetime) -> list[str]:
    """The status the record gives at a moment."""
    rows = rows_as_of(Enrollment, moment, course=row.course_id)
    return [each.status for each in rows]


def set_times(row: Enrollment, *times: datetime) -> None:
    """Give the versions of the row these times, as a clock that was set might."""
    versions = Enrollment.history.filter(id=row.pk).order_by("history_id")
    with unwatched():
        for version, moment in zip(versions, times, strict=True):
            Enrollment.history.filter(pk=version.pk).update(history_date=moment)


def test_of_two_versions_of_one_instant_the_later_one_counts(row: Enrollment):
    Enrollment.objects.filter(pk=row.pk).update(status="failed")
    moment = row.history.first().history_date
    set_times(row, moment, moment)
    assert at(row, moment) == ["failed"]
    assert at(row, moment - timedelta(microseconds=1)) == []


def test_a_clock_that_was_set_back_does_not_bring_an_old_version_back(row: Enrollment):
    Enrollment.objects.filter(pk=row.pk).update(status="failed")
    Enrollment.objects.filter(pk=row.pk).update(status="completed")
    start = row.history.last().history_date
    hour = timedelta(hours=1)
    set_times(row, start, start + 2 * hour, start + hour)
    assert at(row, start + 3 * hour) == ["completed"]
    assert at(row, start + hour) == ["completed"]
    since, until = start + 1.5 * hour, start + 3 * hour
    assert changed_between(Enrollment, since, until, FIELDS, course=row.course_id) == {}


def test_a_difference_is_two_statements_and_a_state_is_one(
    row: Enrollment, django_assert_num_queries: Any
):
    now = newest_time()
    with django_assert_num_queries(1):
        list(rows_as_of(Enrollment, now, course=row.course_id))
    with django_assert_num_queries(2):
        since = now - timedelta(days=1)
        changes = changed_between(Enrollment, since, now, FIELDS, course=row.course_id)
        assert [after.status for _before, after in changes.values()] == ["active"]


@pytest.mark.django_db
def test_what_the_past_is_sought_by_has_an_index():
    with connection.cursor() as cursor:
        table = Enrollment.history.model._meta.db_table
        constraints = connection.introspection.get_constraints(cursor, table)
    assert ["course_id"] in [each["columns"] for each in constraints.values() if each["index"]]
