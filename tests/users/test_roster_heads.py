"""The head of a list of enrollments that is narrowed to one course."""

from typing import Any

from django.test import Client

from backoffice.apps.users.models import Enrollment

LIST = "/admin/users/enrollment/?course__id__exact="


def test_a_roster_says_of_which_course_it_is_and_how_people_do(
    courses: Any, student: Any, registrar_client: Client
):
    course = courses["BIO101"]
    for number, status in enumerate(("active", "active", "failed")):
        Enrollment.objects.create(course=course, student=student(f"s{100 + number}"), status=status)
    page = registrar_client.get(f"{LIST}{course.pk}")
    assert page.context["roster"]["course"] == course
    counts = {str(label): count for label, count in page.context["roster"]["counts"]}
    assert counts == {"active": 2, "completed": 0, "failed": 1, "withdrawn": 0}


def test_a_course_nobody_takes_has_its_head_and_no_course_has_none(
    courses: Any, registrar_client: Client
):
    page = registrar_client.get(f"{LIST}{courses['ART200'].pk}")
    assert page.context["roster"]["course"] == courses["ART200"]
    assert "Art" in page.content.decode()
    assert registrar_client.get(f"{LIST}999999").context["roster"] is None
