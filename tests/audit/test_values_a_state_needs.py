"""A published course keeps what it needs, and a released assessment its due date."""

from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from tests.actions import do_with_many
from tests.filling import errors_of, fields_of, save

WHY = "Typed into the wrong line"
LOST = "This does not go blank in the state “published”."


@pytest.fixture
def published(courses: dict[str, Course], instructor: User) -> Course:
    """A complete course that people see; once it had no instructor and no start."""
    course = courses["BIO101"]
    course.instructor, course.starts_on = None, None
    course.title = ""
    course.save()
    course.instructor, course.starts_on, course.title = instructor, "2026-02-01", "Biology"
    course.status = "published"
    course.save()
    return Course.objects.get(pk=course.pk)


@pytest.fixture
def released(published: Course) -> Assessment:
    """Once without a due date."""
    row = Assessment.objects.create(course=published, code="TMA01", title="Essay")
    row.due_date, row.status = "2026-03-01T12:00Z", "published"
    row.save()
    return Assessment.objects.get(pk=row.pk)


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize("name", ["title", "instructor", "starts_on"])
def test_the_form_of_a_published_course_keeps_it(registrar_client, published, name):
    answer = save(registrar_client, page_of(published), **{name: ""})
    assert errors_of(answer) == {name: [LOST]}
    stored = Course.objects.get(pk=published.pk)
    assert getattr(stored, name) == getattr(published, name)


def test_the_form_of_a_released_assessment_keeps_its_due_date(instructor_client, released):
    values = {"due_date_0": "", "due_date_1": "", "change_reason": WHY}
    assert errors_of(save(instructor_client, page_of(released), **values)) == {"due_date": [LOST]}
    values |= {"due_date_0": "2026-04-01", "due_date_1": "12:00:00"}
    assert save(instructor_client, page_of(released), **values).status_code == 302


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_course_nobody_sees_loses_it(registrar_client, published, status):
    Course.objects.filter(pk=published.pk).update(status=status)
    assert save(registrar_client, page_of(published), title="").status_code == 302


def revert_to_the_first(client: Client, row: Any) -> Any:
    first = row.history.earliest("history_id")
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_revert"
    page = reverse(name, args=[row.pk, first.pk])
    return client.post(page, fields_of(client, page) | {"change_reason": WHY})


def test_no_other_code_that_checks_the_row_takes_it_away(published, released):
    for row in (published, released):
        for name in row.needed_in["published"]:
            setattr(row, name, "" if name == "title" else None)
        with pytest.raises(ValidationError) as refused:
            row.full_clean()
        assert refused.value.message_dict == dict.fromkeys(row.needed_in["published"], [LOST])


def test_no_action_on_a_list_takes_it_away(registrar_client, published, instructor):
    answer = do_with_many(
        registrar_client, [published], "assign_instructor", instructor="", reason=WHY
    )
    assert answer.context["form"].errors == {"instructor": ["This field is required."]}
    published.refresh_from_db()
    assert published.instructor == instructor


def test_a_version_of_a_published_course_without_an_instructor_does_not_come_back(
    admin_client, import_file, instructor
):
    text = (
        "course_code,presentation,title,starts_on,status\nART300,2026B,Art,2026-02-01,published\n"
    )
    import_file("courses", text)
    course = Course.objects.get(code="ART300")
    course.instructor = instructor
    course.save()
    answer = revert_to_the_first(admin_client, course)
    assert answer.context["revert"].refusals == [f"Instructor: {LOST}"]
    course.refresh_from_db()
    assert course.instructor == instructor


def test_a_file_that_takes_it_from_a_published_course_says_so(upload, published):
    header = "course_code,presentation,title,starts_on,instructor,status\n"
    batch = upload("courses", f"{header}BIO101,2026J,,,,\n")
    assert batch.state == "previewed"
    assert sorted(issue.message for issue in batch.issues.all()) == [
        "Line 2: instructor: The course is published, but nobody teaches it.",
        "Line 2: starts_on is blank: the stored value goes, although the course is published.",
        "Line 2: title is blank: the stored value goes, although the course is published.",
    ]


def test_a_file_says_nothing_of_what_was_blank_before_or_of_a_draft(upload, published):
    Course.objects.filter(pk=published.pk).update(title="")
    header = "course_code,presentation,title,starts_on,status\n"
    rows = "BIO101,2026J,,2026-02-01,published\nART200,2026B,,,draft\n"
    batch = upload("courses", header + rows)
    assert not batch.issues.exists(), [issue.message for issue in batch.issues.all()]


def test_no_list_has_cells_that_are_edited():
    """A list is paged by key and takes no formset: what is typed is typed on a form."""
    edited = {page: page.list_editable for page in admin.site._registry.values()}
    assert not any(edited.values()), edited


def test_a_stored_row_that_lacks_it_is_still_saved(registrar_client, courses):
    """It came from a file; its form asks for nothing that was not there before."""
    Course.objects.filter(code="ART200").update(status="published")
    answer = save(registrar_client, page_of(courses["ART200"]), short_description="Lines.")
    assert answer.status_code == 302, errors_of(answer)
