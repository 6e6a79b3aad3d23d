"""Rows that stand in an order can be moved, swapped, added and deleted in one save."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.admin_site.inlines.ordering import swap_positions
from backoffice.apps.courses.models import Course, CourseModule
from tests.filling import errors_of, fields_of, save


class Place:
    """A row with a place, and the form that moves it."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.instance = self


@given(st.permutations(range(1, 8)))
def test_every_order_is_reached_without_two_rows_at_one_place(order):
    forms = [Place(place) for place in order]
    stored = {id(form): at for at, form in enumerate(forms, 1)}
    aside = 100

    def step_aside(form: Place, occupied: dict[int, Place]) -> int:
        nonlocal aside
        aside += 1
        assert aside not in stored.values()
        stored[id(form)] = aside
        return aside

    for form in swap_positions(forms, dict(enumerate(forms, 1)), step_aside):
        others = [place for key, place in stored.items() if key != id(form)]
        assert form.position not in others
        stored[id(form)] = form.position
    assert [stored[id(form)] for form in forms] == list(order)


@pytest.fixture
def course(courses) -> Course:
    """A course with three modules."""
    for at, title in enumerate(("First", "Second", "Third"), 1):
        CourseModule.objects.create(course=courses["BIO101"], position=at, title=title)
    return courses["BIO101"]


def titles(course: Course) -> list[tuple[int, str]]:
    return list(course.modules.order_by("position").values_list("position", "title"))


def test_two_rows_change_places(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    answer = save(admin_client, page, **{"modules-0-position": 3, "modules-2-position": 1})
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course) == [(1, "Third"), (2, "Second"), (3, "First")]


def test_all_go_round_in_a_circle(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    places = {"modules-0-position": 2, "modules-1-position": 3, "modules-2-position": 1}
    answer = save(admin_client, page, **places)
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course) == [(1, "Third"), (2, "First"), (3, "Second")]


def test_a_new_row_comes_last_and_a_deleted_one_leaves_no_gap(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    added = {"modules-TOTAL_FORMS": 4, "modules-3-title": "Fourth"}
    answer = save(admin_client, page, **added)
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course)[-1] == (4, "Fourth")
    deleted = {"modules-0-DELETE": "on", "modules-1-position": 1, "modules-2-position": 2}
    answer = save(admin_client, page, **deleted, **{"modules-3-position": 3})
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course) == [(1, "Second"), (2, "Third"), (3, "Fourth")]


def test_what_is_not_moved_is_not_written(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    before = CourseModule.history.count()
    save(admin_client, page, title="Marine biology")
    assert CourseModule.history.count() == before


def test_a_module_added_alone_comes_last(admin_client, course):
    page = reverse("admin:courses_coursemodule_add")
    answer = save(admin_client, page, course=course.pk, title="Fourth")
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course)[-1] == (4, "Fourth")


def test_the_order_is_that_of_the_page(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    fields = fields_of(admin_client, page)
    assert [fields[f"modules-{at}-title"] for at in range(3)] == [["First"], ["Second"], ["Third"]]


def test_a_row_that_somebody_else_added_meanwhile_keeps_its_place(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    opened = fields_of(admin_client, page)
    CourseModule.objects.create(course=course, position=4, title="Of somebody else")
    answer = admin_client.post(page, opened | {"modules-TOTAL_FORMS": 4, "modules-3-title": "Mine"})
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course)[3:] == [(4, "Of somebody else"), (5, "Mine")]


def test_rows_go_round_although_somebody_else_added_one_meanwhile(admin_client, course):
    page = reverse("admin:courses_course_change", args=[course.pk])
    opened = fields_of(admin_client, page)
    CourseModule.objects.create(course=course, position=4, title="Of somebody else")
    places = {"modules-0-position": 2, "modules-1-position": 3, "modules-2-position": 1}
    answer = admin_client.post(page, opened | places)
    assert answer.status_code == 302, errors_of(answer)
    assert titles(course) == [
        (1, "Third"), (2, "First"), (3, "Second"), (4, "Of somebody else"),
    ]  # fmt: skip
