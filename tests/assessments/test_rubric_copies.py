"""Copies of criteria and of whole rubrics, in one's own courses only."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion
from backoffice.apps.assessments.rubrics.contents import contents_hash
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.audit.models import ChangeSet
from tests.actions import do, messages_of, page_of, refused
from tests.assessments.rubric_grids import address_of, cells_of, opened_form, send


@pytest.fixture
def second_course(courses: dict[str, Course], essay: GradingRubric) -> Course:
    """Another course of the instructor's."""
    course = courses["ART200"]
    course.instructor = essay.course.instructor
    course.save()
    return course


def test_a_rubric_is_copied_into_another_of_ones_courses(essay, second_course, instructor_client):
    before = ChangeSet.objects.count()
    answer = do(instructor_client, essay, "copy_to_course", course=second_course.pk)
    copy = GradingRubric.objects.get(course=second_course)
    assert answer.status_code == 302
    assert "The copy can be changed:" in messages_of(answer)[0]
    assert (copy.title, copy.version, copy.is_active) == ("Essay", 1, True)
    assert contents_hash(copy) == contents_hash(essay)
    assert ChangeSet.objects.count() == before + 1
    essay.refresh_from_db()
    assert essay.is_active


def test_a_second_copy_has_the_next_number(essay, second_course, instructor_client):
    for _number in range(2):
        do(instructor_client, essay, "copy_to_course", course=second_course.pk)
    copies = GradingRubric.objects.filter(course=second_course).order_by("version")
    assert [copy.version for copy in copies] == [1, 2]


def test_only_courses_where_one_may_add_rubrics_are_offered(essay, courses, instructor_client):
    page = instructor_client.get(page_of(essay, "copy_to_course"))
    assert list(page.context["form"].fields["course"].queryset) == [essay.course]
    answer = do(instructor_client, essay, "copy_to_course", course=courses["ART200"].pk)
    assert refused(answer) == {
        "course": ["Select a valid choice. That choice is not one of the available choices."]
    }
    assert GradingRubric.objects.count() == 1


@pytest.mark.parametrize("who", ["admin", "registrar", "auditor", "assistant", "other"])
def test_nobody_else_copies_a_rubric(who, request, essay, second_course, person):
    if who in ("assistant", "other"):
        helper = person("instructor", who)
        client = Client()
        client.force_login(helper)
        if who == "assistant":
            course = essay.course
            Enrollment.objects.create(student=helper, course=course, role="teaching_assistant")
    else:
        client = request.getfixturevalue(f"{who}_client")
    answer = do(client, essay, "copy_to_course", course=second_course.pk)
    assert answer.status_code == 403
    assert GradingRubric.objects.count() == 1


def test_a_copy_of_a_criterion_stands_in_the_grid_until_it_is_saved(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    page = instructor_client.post(address_of(essay), form | {"duplicate": "criterion-0"})
    titles = [row.cells["title"] for row in page.context["grid"].lasting]
    assert titles == ["Argument", "Argument (copy)", "Sources"]
    assert RubricCriterion.objects.count() == 2

    answer = send(instructor_client, essay, cells_of(page))
    assert answer.status_code == 302
    rows = list(essay.criteria.order_by("position"))
    assert [row.title for row in rows] == titles
    assert [row.position for row in rows] == [1, 2, 3]
    levels = [(level.title, level.points) for level in rows[1].levels.all()]
    assert levels == [("Strong", 10), ("None", 0)]


def test_more_blank_rows_come_without_a_script(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    page = instructor_client.post(
        address_of(essay), form | {"criterion-0-title": "Typed", "more": "1"}
    )
    grid = page.context["grid"]
    assert page.status_code == 200
    assert [row.is_empty for row in grid.criteria] == [False, False, True, True, True]
    assert grid.criteria[0].cells["title"] == "Typed"
    assert reverse("admin:assessments_gradingrubric_grid", args=[essay.pk]) == address_of(essay)
