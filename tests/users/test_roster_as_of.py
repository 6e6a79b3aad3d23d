"""The roster of a course at a moment of the past, and what changed on it between two."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.forging import unwatched
from tests.school import text_of

PAGE = "/admin/roster-as-of/"
MAY, JUNE, JULY = (datetime(2024, month, 1, 12, tzinfo=UTC) for month in (5, 6, 7))


@pytest.fixture
def course(courses: dict[str, Course], student: Callable[..., User]) -> Course:
    """In May Ada and Bo were on the roster; in July Bo had failed, Ada left and Cy come.

    Ada was called Byron then.
    """
    course = courses["BIO101"]
    ada = student("s1001", first_name="Ada", last_name="Byron")
    bo, cy = student("s1002", first_name="Bo"), student("s1003", first_name="=Cy")
    rows = {one: Enrollment.objects.create(course=course, student=one) for one in (ada, bo)}
    dated(MAY)
    User.objects.filter(pk=ada.pk).update(last_name="Lovelace")
    Enrollment.objects.filter(pk=rows[bo].pk).update(status="failed", final_grade="12.50")
    rows[ada].delete()
    Enrollment.objects.create(course=course, student=cy)
    dated(JULY)
    return course


def dated(moment: datetime) -> None:
    """What was recorded until now, and has no date of the past yet, was at that moment."""
    with unwatched():
        for model in (User, Enrollment):
            fresh = model.history.filter(history_date__gt=JULY)
            fresh.update(history_date=moment)


def names(page: Any) -> list[str]:
    return [str(entry.person) for entry in page.context["entries"]]


def test_the_roster_is_as_it_was_with_the_names_of_then(course: Course, auditor_client: Client):
    page = auditor_client.get(PAGE, {"course": course.pk, "at": "2024-06-01T12:00:00"})
    assert sorted(names(page)) == ["Ada Byron", "Bo"]
    assert dict(page.context["counts"])["active"] == 2
    assert "As of 2024-06-01 12:00:00 UTC" in page.content.decode()
    now = auditor_client.get(PAGE, {"course": course.pk})
    assert sorted(names(now)) == ["=Cy", "Bo"]
    assert {label: count for label, count in now.context["counts"] if count} == {
        "active": 1,
        "failed": 1,
    }


def test_a_moment_to_the_second_and_a_day_count_in_full(course: Course, auditor_client: Client):
    for at, there in (
        ("2024-05-01T11:59:59", []),
        ("2024-05-01T12:00:00", ["Ada Byron", "Bo"]),
        ("2024-05-01", ["Ada Byron", "Bo"]),
        ("2024-04-30", []),
    ):
        page = auditor_client.get(PAGE, {"course": course.pk, "at": at})
        assert sorted(names(page)) == there, at
    assert "Nobody was on the roster at this moment. Choose a later one." in text_of(
        auditor_client.get(PAGE, {"course": course.pk, "at": "2024-04-30"})
    )


def test_a_difference_says_who_came_went_and_changed(course: Course, auditor_client: Client):
    query = {"course": course.pk, "since": "2024-06-01 12:00", "at": "2024-07-02"}
    page = auditor_client.get(PAGE, query)
    rows = {
        str(change.person): (change.kind.label, change.changes)
        for change in page.context["roster_changes"]
    }
    assert rows["Ada Lovelace"][0] == "removed"
    assert rows["=Cy"][0] == "added"
    assert rows["Bo"] == ("changed", [("Status", "active", "failed"), ("Final grade", "", "12.5")])
    text = " ".join(re.sub("<[^>]+>", " ", text_of(page)).split())
    assert "Bo s1002 changed Status: active → failed" in text
    assert "What changed from 2024-06-01 12:00:59 to 2024-07-02 23:59:59 UTC" in text_of(page)
    again = auditor_client.get(PAGE, query | {"since": "2024-07-01T12:00:00"})
    assert (
        "Nobody on the roster was added, removed or changed in this time. "
        "Choose an earlier moment to compare with."
    ) in text_of(again)


def test_the_file_has_the_same_rows_and_runs_no_formula(course: Course, auditor_client: Client):
    query = {"course": course.pk, "at": "2024-07-02", "format": "csv"}
    answer = auditor_client.get(PAGE, query)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="roster_BIO101_2026J_20240702T235959Z.csv"'
    )
    head, *lines = text_of(answer).splitlines()
    assert head == (
        "student_id,username,name,role,status,enrolled_on,withdrawn_on,final_result,final_grade,"
        "progress_percent"
    )
    assert sorted(lines) == [
        "s1002,s1002,Bo,student,failed,,,,12.50,0.00",
        "s1003,s1003,'=Cy,student,active,,,,,0.00",
    ]
    answer = auditor_client.get(PAGE, query | {"since": "2024-06-01"})
    assert "s1002,s1002,Bo,changed,Final grade,,12.5" in text_of(answer).splitlines()


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        (
            {"at": "yesterday"},
            "at",
            "“yesterday” is no moment. Give a day and a time in UTC, like 2026-05-31 17:30:00.",
        ),
        (
            {"at": "2026-02-30T10:00"},
            "at",
            "“2026-02-30T10:00” is no moment. Give a day and a time in UTC, like "
            "2026-05-31 17:30:00.",
        ),
        (
            {"at": "9999-01-01"},
            "at",
            "“9999-01-01” is yet to come. Choose a moment that has passed.",
        ),
        (
            {"at": "2024-05-01", "since": "2024-06-01"},
            "since",
            "“2024-06-01 23:59:59” is not earlier than “2024-05-01 23:59:59”. "
            "Choose an earlier moment.",
        ),
    ],
)
def test_a_moment_that_cannot_be_is_named(
    query: dict[str, str], field: str, message: str, course: Course, auditor_client: Client
):
    page = auditor_client.get(PAGE, {"course": course.pk, **query})
    assert page.status_code == 200
    assert page.context["form"].errors[field] == [message]
    assert "entries" not in page.context


def test_without_a_course_the_page_says_what_to_do(course: Course, auditor_client: Client):
    text = text_of(auditor_client.get(PAGE))
    assert "Choose a course to see who was on its roster at a moment of the past." in text
    assert "Download as CSV" not in text


def test_a_course_of_others_is_not_there(
    course: Course, instructor: User, instructor_client: Client, courses: dict[str, Course]
):
    for number in (course.pk, 999_999, 10**30, "x", "1' or"):
        assert instructor_client.get(PAGE, {"course": number}).status_code == 404, number
    Course.objects.filter(pk=course.pk).update(instructor=instructor)
    page = instructor_client.get(PAGE, {"course": course.pk, "at": "2024-06-01"})
    assert sorted(names(page)) == ["Ada Byron", "Bo"]
    answer = instructor_client.get(PAGE, {"course": course.pk, "format": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    other = courses["ART200"].pk
    assert instructor_client.get(PAGE, {"course": other, "format": "csv"}).status_code == 404


def test_whoever_only_assists_sees_no_past(
    course: Course, person: Callable[..., User], client: Client
):
    helper = person("instructor", "helper")
    Enrollment.objects.create(course=course, student=helper, role="teaching_assistant")
    client.force_login(helper)
    assert client.get(PAGE, {"course": course.pk}).status_code == 403


def test_a_long_roster_comes_in_pages(
    courses: dict[str, Course], student: Callable[..., User], registrar_client: Client
):
    course = courses["ART200"]
    people = [student(f"s{4000 + n}", last_name=f"N{n:03}") for n in range(120)]
    Enrollment.objects.bulk_create(Enrollment(course=course, student=one) for one in people)
    page = registrar_client.get(PAGE, {"course": course.pk})
    assert names(page)[0] == "N000"
    assert len(names(page)) == 50
    assert "120 people" in text_of(page)
    address = re.search(r'href="(\?[^"]*p=2)"', text_of(page))[1].replace("&amp;", "&")
    following = registrar_client.get(PAGE + address)
    assert names(following)[0] == "N050"
    assert following.context["until"] == page.context["until"]
    assert len(names(registrar_client.get(PAGE, {"course": course.pk, "p": "99"}))) == 20
    answer = registrar_client.get(PAGE, {"course": course.pk, "format": "csv"})
    assert len(text_of(answer).splitlines()) == 121


def test_a_page_asks_the_same_few_questions_for_any_number_of_rows(
    course: Course, registrar_client: Client, django_assert_max_num_queries: Any
):
    registrar_client.get(PAGE)
    with django_assert_max_num_queries(16):
        registrar_client.get(PAGE, {"course": course.pk})
