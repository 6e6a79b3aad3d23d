"""A list leads to the form of a new row, which belongs to what the list was narrowed to."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import Enrollment

LIST = "/admin/users/enrollment/"


def test_a_roster_leads_to_a_form_with_its_course(courses, registrar_client: Client):
    number = courses["BIO101"].pk
    page = registrar_client.get(LIST, {"course__id__exact": number}).content.decode()
    address = f"{LIST}add/?_changelist_filters=course__id__exact%3D{number}"
    assert address in page
    form = registrar_client.get(address).context["adminform"].form
    assert str(form["course"].value()) == str(number)
    assert form["enrolled_on"].value()


@pytest.mark.parametrize("number", ["x", "-1", "9" * 40, "", "1%3D2"])
def test_nonsense_in_the_way_is_left_out(number: str, registrar_client: Client):
    address = f"{LIST}add/?_changelist_filters=course__id__exact%3D{number}"
    assert registrar_client.get(address).status_code == 200


def test_a_course_one_may_not_see_stays_hidden(courses, instructor, instructor_client: Client):
    type(courses["BIO101"]).objects.filter(code="BIO101").update(instructor=instructor)
    foreign = courses["ART200"]
    address = reverse("admin:assessments_assessment_add")
    page = instructor_client.get(
        address, {"_changelist_filters": f"course__id__exact={foreign.pk}"}
    )
    assert page.status_code == 200
    assert foreign.title not in page.content.decode()


def test_a_form_offers_no_other_new_row(registrar_client: Client, courses):
    page = reverse("admin:courses_course_change", args=[courses["BIO101"].pk])
    assert "add-link" not in registrar_client.get(page).content.decode()
    assert "Add course" in registrar_client.get("/admin/courses/course/").content.decode()


def test_a_list_is_called_what_it_lists(registrar_client: Client):
    assert "<title>Enrollments" in " ".join(
        registrar_client.get(LIST).content.decode().split()
    ).replace("> ", ">")


def test_a_roster_goes_by_name_and_leaves_its_course_to_the_head(
    courses, student: Any, registrar_client: Client
):
    for number, name in enumerate(["Žižka", "Adams", "Müller"]):
        one = student(f"s100{number}", last_name=name)
        Enrollment.objects.create(student=one, course=courses["BIO101"])
    page = registrar_client.get(LIST, {"course__id__exact": courses["BIO101"].pk})
    changelist = page.context["cl"]
    assert [row.student.last_name for row in changelist.result_list][0] == "Adams"
    assert "shown_course" not in [getattr(each, "__name__", "") for each in changelist.list_display]
    assert "Export these rows" in page.content.decode()


def test_a_roster_is_downloaded_from_its_head(courses, student: Any, registrar_client: Client):
    Enrollment.objects.create(student=student("s1001"), course=courses["BIO101"])
    query = {"kind": "enrollments", "course": "BIO101", "presentation": "2026J"}
    answer = registrar_client.get(reverse("admin:bulk_batch_export"), query)
    assert b"s1001" in b"".join(answer.streaming_content)
