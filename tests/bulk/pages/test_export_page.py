"""The export page gives a person the rows that person may export, and no others."""

import csv

import pytest
from django.urls import reverse

from backoffice.apps.courses.models import Course

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


def test_one_course_can_be_chosen(registrar_client, roster):
    choice = {"kind": "enrollments", "course": "ART200", "presentation": "2026B"}
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), choice)
    assert [row["student_id"] for row in rows_of(answer)] == ["s1002"]


def test_an_instructor_gets_the_own_courses_only(instructor_client, instructor, roster):
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    answer = instructor_client.get(reverse("admin:bulk_batch_export"), {"kind": "enrollments"})
    assert [row["student_id"] for row in rows_of(answer)] == ["s1001"]

    choice = {"kind": "enrollments", "course": "ART200", "presentation": "2026B"}
    answer = instructor_client.get(reverse("admin:bulk_batch_export"), choice)
    assert answer.context["form"].non_field_errors() == [
        "There is nothing to export for course ART200, presentation 2026B."
    ]


def test_formulas_leave_with_an_apostrophe(registrar_client, roster):
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), {"kind": "users"})
    assert rows_of(answer)[0]["last_name"] == "'=cmd|' /C calc'!A0"


def test_what_a_role_may_not_export_is_no_choice(instructor_client, roster):
    answer = instructor_client.get(reverse("admin:bulk_batch_export"), {"kind": "users"})
    assert "kind" in answer.context["form"].errors
