"""An instructor reaches into no other course: not by form, choice, list, address or search."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course, CourseModule
from backoffice.apps.users.models import User
from tests.filling import save

LIST = "admin:courses_coursemodule_changelist"


@pytest.fixture
def own(courses: dict[str, Course], instructor: User) -> CourseModule:
    """A module of the instructor's own course."""
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    return CourseModule.objects.create(course=courses["BIO101"], position=1, title="Own")


@pytest.fixture
def foreign(courses: dict[str, Course]) -> CourseModule:
    """A module of a course the instructor has nothing to do with."""
    return CourseModule.objects.create(course=courses["ART200"], position=1, title="Foreign")


def page_of(module: CourseModule, name: str = "change") -> str:
    return reverse(f"admin:courses_coursemodule_{name}", args=[module.pk])


def test_an_own_row_is_saved(own: CourseModule, instructor_client: Client):
    answer = save(instructor_client, page_of(own), title="Better")
    assert answer.status_code == 302
    own.refresh_from_db()
    assert own.title == "Better"


def test_a_row_is_not_moved_into_a_foreign_course(
    own: CourseModule, foreign: CourseModule, instructor_client: Client
):
    answer = save(instructor_client, page_of(own), course=foreign.course_id, position=2)
    assert answer.status_code == 200
    assert answer.context["adminform"].errors["course"] == [
        "Select a valid choice. That choice is not one of the available choices."
    ]
    own.refresh_from_db()
    assert own.course_id != foreign.course_id


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_a_foreign_row_looks_like_one_that_is_not_there(
    page: str, foreign: CourseModule, instructor_client: Client
):
    missing = CourseModule(pk=999_999)
    for method in ("get", "post"):
        answers = [
            getattr(instructor_client, method)(page_of(row, page)) for row in (foreign, missing)
        ]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].content == answers[1].content
    assert CourseModule.objects.filter(pk=foreign.pk).exists()


def test_the_action_on_a_list_leaves_foreign_rows_alone(
    own: CourseModule, foreign: CourseModule, instructor_client: Client
):
    instructor_client.post(
        reverse(LIST),
        {"action": "delete_selected", "_selected_action": [own.pk, foreign.pk], "post": "yes"},
    )
    assert list(CourseModule.objects.all()) == [foreign]


def test_a_choice_offers_own_rows_only(
    own: CourseModule, foreign: CourseModule, instructor_client: Client
):
    query = {"app_label": "courses", "model_name": "coursemodule", "field_name": "course"}
    choices = instructor_client.get(reverse("admin:autocomplete"), {"term": "", **query}).json()
    assert [row["id"] for row in choices["results"]] == [str(own.course_id)]


def test_a_search_finds_own_rows_only(
    own: CourseModule, foreign: CourseModule, instructor_client: Client
):
    page = instructor_client.get(reverse(LIST), {"q": "o"})
    assert list(page.context["cl"].queryset) == [own]


@pytest.mark.parametrize(
    "lookup",
    ["enrollments__student__password__startswith", "instructor__password__startswith"],
)
def test_a_list_is_not_asked_about_secrets(lookup: str, own: CourseModule, admin_client: Client):
    assert admin_client.get(
        reverse("admin:courses_course_changelist"), {lookup: "m"}
    ).status_code in (
        302,
        400,
    )


def test_a_registrar_makes_no_staff(registrar_client: Client, student: Any):
    one = student("s1001")
    page = reverse("admin:users_user_change", args=[one.pk])
    answer = registrar_client.post(
        page, {"student_id": "s1001", "role": "admin", "is_staff": "on", "is_superuser": "on"}
    )
    one.refresh_from_db()
    assert (one.role, one.is_staff, one.is_superuser) == ("student", False, False), answer
