"""The export page gives a person the rows that person may export, and no others."""

import csv

import pytest
from django.urls import reverse

from backoffice.apps.courses.models import Course

NO_COURSE = "There is no such course. Choose one from the list."
TWO = """student_id,course_code,presentation
s1001,BIO101,2026J
s1002,ART200,2026B
"""


def rows_of(answer: object) -> list[dict[str, str]]:
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    return list(csv.DictReader(lines))


@pytest.fixture
def roster(import_file, courses, student) -> None:
    student("s1001", last_name="=cmd|' /C calc'!A0")
    student("s1002")
    import_file("enrollments", TWO)


def test_a_registrar_gets_everything(registrar_client, roster):
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), {"kind": "enrollments"})
    assert [row["student_id"] for row in rows_of(answer)] == ["s1001", "s1002"]
    assert 'filename="enrollments.csv"' in answer.headers["Content-Disposition"]


def export(client, kind, *courses):
    """The answer of the page for these courses."""
    return client.get(
        reverse("admin:bulk_batch_export"), {"kind": kind, "course": [each.pk for each in courses]}
    )


def test_one_course_can_be_chosen(registrar_client, roster, courses):
    answer = export(registrar_client, "enrollments", courses["ART200"])
    assert [row["student_id"] for row in rows_of(answer)] == ["s1002"]


def test_several_courses_can_be_chosen(registrar_client, roster, courses):
    other = Course.objects.create(code="CHE100", presentation="2026J", slug="che100")
    answer = export(registrar_client, "enrollments", courses["ART200"], courses["BIO101"])
    assert [row["student_id"] for row in rows_of(answer)] == ["s1001", "s1002"]
    answer = export(registrar_client, "courses", courses["ART200"], other)
    assert [row["course_code"] for row in rows_of(answer)] == ["ART200", "CHE100"]


def test_courses_without_rows_are_no_empty_file(registrar_client, roster):
    new = [
        Course.objects.create(code=f"CHE10{n}", presentation="2026J", slug=f"c{n}") for n in "12"
    ]
    answer = export(registrar_client, "enrollments", *new)
    assert answer.context["form"].non_field_errors() == [
        "There is nothing to export for these courses."
    ]
    answer = export(registrar_client, "enrollments", new[0])
    assert answer.context["form"].non_field_errors() == [
        "There is nothing to export for course CHE101, presentation 2026J."
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_people_belong_to_no_course(registrar_client, roster, courses, number):
    answer = export(registrar_client, "users", *list(courses.values())[:number])
    assert answer.context["form"].non_field_errors() == [
        "The rows of a file of people belong to no course. Choose no course."
    ]


def test_courses_are_searched_and_not_typed(registrar_client, roster):
    page = registrar_client.get(reverse("admin:bulk_batch_export")).content.decode()
    assert 'data-field-name="course"' in page
    assert "all courses" in page
    assert "Choose none for the rows of all courses." in page
    assert 'name="presentation"' not in page


def test_an_address_from_before_names_the_course_by_its_code(registrar_client, roster):
    choice = {"kind": "enrollments", "course": "ART200", "presentation": "2026B"}
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), choice)
    assert [row["student_id"] for row in rows_of(answer)] == ["s1002"]
    choice["presentation"] = "2031B"
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), choice)
    assert answer.context["form"].errors == {"course": [NO_COURSE]}


def test_an_instructor_gets_the_own_courses_only(instructor_client, instructor, roster):
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    answer = instructor_client.get(reverse("admin:bulk_batch_export"), {"kind": "enrollments"})
    assert [row["student_id"] for row in rows_of(answer)] == ["s1001"]

    foreign, none = Course.objects.get(code="ART200"), Course(pk=2**70)
    for course in (foreign, none, Course(pk="x")):
        answer = export(instructor_client, "enrollments", course)
        assert answer.context["form"].errors == {"course": [NO_COURSE]}


def test_formulas_leave_with_an_apostrophe(registrar_client, roster):
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), {"kind": "users"})
    assert rows_of(answer)[0]["last_name"] == "'=cmd|' /C calc'!A0"


def test_what_a_role_may_not_export_is_no_choice(instructor_client, roster):
    answer = instructor_client.get(reverse("admin:bulk_batch_export"), {"kind": "users"})
    assert "kind" in answer.context["form"].errors
