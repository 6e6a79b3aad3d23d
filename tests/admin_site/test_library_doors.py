"""The doors our libraries leave open are shut: versions, histories, stock imports and exports."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment


@pytest.fixture
def enrollment(courses: dict[str, Course], student: Any) -> Enrollment:
    return Enrollment.objects.create(student=student("s1001"), course=courses["BIO101"])


@pytest.fixture
def own(enrollment: Enrollment, instructor: Any) -> Enrollment:
    """The same, in a course of the instructor."""
    Course.objects.filter(pk=enrollment.course_id).update(instructor=instructor)
    return enrollment


def version_of(row: Any) -> str:
    newest = row.history.first()
    return reverse("admin:users_enrollment_simple_history", args=[row.pk, newest.pk])


def history_of(row: Any) -> str:
    return reverse("admin:users_enrollment_history", args=[row.pk])


@pytest.mark.parametrize("role", ["auditor", "instructor", "registrar", "admin"])
def test_a_posted_version_changes_nothing(role: str, own: Enrollment, request: Any):
    client: Client = request.getfixturevalue(f"{role}_client")
    answer = client.post(version_of(own), {"status": "completed", "student": own.student_id})
    assert answer.status_code == 403
    own.refresh_from_db()
    assert own.status == "active"
    assert own.history.count() == 1


def test_a_version_page_offers_no_way_back_to_it(own: Enrollment, auditor_client: Client):
    page = auditor_client.get(version_of(own))
    assert page.status_code == 200
    assert b"This page is for looking only." in page.content
    assert b'name="_save"' not in page.content
    assert b"evert" not in page.content


def test_the_history_of_a_row_in_a_foreign_course_is_closed(
    enrollment: Enrollment, instructor_client: Client
):
    for address in (history_of(enrollment), version_of(enrollment)):
        assert instructor_client.get(address).status_code == 403


def test_the_history_of_a_row_in_an_own_course_is_open(own: Enrollment, instructor_client: Client):
    for address in (history_of(own), version_of(own)):
        assert instructor_client.get(address).status_code == 200


def test_a_row_that_left_the_own_course_takes_its_history_along(
    own: Enrollment, courses: dict[str, Course], instructor_client: Client
):
    own.course = courses["ART200"]
    own.save()
    for row in own.history.all():
        address = reverse("admin:users_enrollment_simple_history", args=[own.pk, row.pk])
        assert instructor_client.get(address).status_code == 403


def test_a_version_of_another_row_is_not_shown_through_an_own_one(
    own: Enrollment, courses: dict[str, Course], student: Any, instructor_client: Client
):
    foreign = Enrollment.objects.create(student=student("s1002"), course=courses["ART200"])
    version = foreign.history.get().pk
    address = reverse("admin:users_enrollment_simple_history", args=[own.pk, version])
    assert instructor_client.get(address).status_code == 404


def names_of(patterns: Any) -> list[str]:
    names: list[str] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            names += names_of(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            names.append(pattern.name)
    return names


def test_no_stock_import_or_export_has_an_address():
    names = names_of(get_resolver().url_patterns)
    imports = [name for name in names if name.endswith(("_import", "_process_import"))]
    assert imports == ["bulk_batch_new_import"]  # the button that leads to our own upload page
    assert [name for name in names if name.endswith("_export")] == ["bulk_batch_export"]


def test_no_list_offers_the_stock_export_as_an_action(rf: Any, admin: Any):
    request = rf.get("/")
    request.user = admin
    for model_admin in site._registry.values():
        assert "export_admin_action" not in model_admin.get_actions(request)
