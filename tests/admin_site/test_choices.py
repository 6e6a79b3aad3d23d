"""A search in a choice finds just what the form takes."""

import pytest
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from tests.filling import errors_of, save


def choices_of(client, model: str, field: str, term: str = "") -> set[str]:
    app_label, model_name = model.split(".")
    query = {"app_label": app_label, "model_name": model_name, "field_name": field, "term": term}
    answer = client.get(reverse("admin:autocomplete"), query)
    assert answer.status_code == 200
    return {row["text"] for row in answer.json()["results"]}


def test_a_registrar_finds_the_instructor_of_a_course(registrar_client, instructor, courses):
    assert choices_of(registrar_client, "courses.course", "instructor", "instr") == {
        f"{instructor} · {instructor.username}"
    }
    page = reverse("admin:courses_course_change", args=[courses["BIO101"].pk])
    answer = save(registrar_client, page, instructor=instructor.pk)
    assert answer.status_code == 302, errors_of(answer)
    assert Course.objects.get(code="BIO101").instructor == instructor


def test_a_registrar_enrolls_an_assistant(registrar_client, person, courses):
    helper = person("instructor", "helper")
    page = reverse("admin:users_enrollment_add")
    values = {"student": helper.pk, "course": courses["BIO101"].pk, "role": "teaching_assistant"}
    values["enrolled_on"] = "2026-02-01"
    answer = save(registrar_client, page, **values)
    assert answer.status_code == 302, errors_of(answer)
    page = reverse("admin:users_enrollment_change", args=[Enrollment.objects.get().pk])
    answer = save(registrar_client, page, final_result="Helped all term")
    assert answer.status_code == 302, errors_of(answer)


def test_a_registrar_finds_students_only_where_staff_is_none_of_their_business(
    registrar_client, instructor, student
):
    one = student("s1001", first_name="Zoë")
    assert choices_of(registrar_client, "users.profile", "user") == {f"{one} · s1001"}


@pytest.mark.parametrize(
    ("model", "field"), [("users.historicalenrollment", "history_user"), ("auth.group", "x")]
)
def test_a_choice_that_no_form_has_is_refused(admin_client, model, field):
    app_label, model_name = model.split(".")
    query = {"app_label": app_label, "model_name": model_name, "field_name": field}
    assert admin_client.get(reverse("admin:autocomplete"), query).status_code == 403


def test_whoever_does_not_see_the_rows_does_not_see_their_choices(registrar_client):
    query = {"app_label": "assessments", "model_name": "question", "field_name": "assessment"}
    assert registrar_client.get(reverse("admin:autocomplete"), query).status_code == 403


def test_an_instructor_finds_the_people_of_the_own_courses_and_no_others(
    instructor, instructor_client, courses, student
):
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    own, foreign = student("s1001"), student("s1002")
    Enrollment.objects.create(student=own, course=courses["BIO101"])
    Enrollment.objects.create(student=foreign, course=courses["ART200"])
    # A filter of a list asks the same question as a form.
    for model, field in (("users.enrollment", "student"), ("communications.chatmember", "user")):
        assert choices_of(instructor_client, model, field) == {str(own)}
        assert choices_of(instructor_client, model, field, "s1001") == {str(own)}
        assert choices_of(instructor_client, model, field, "s1002") == set()


def test_whoever_only_looks_finds_the_courses_whose_rows_they_see(
    auditor_client, instructor, instructor_client, courses
):
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    assert choices_of(auditor_client, "users.enrollment", "course", "bio") == {
        "BIO101 2026J Biology"
    }
    assert choices_of(instructor_client, "users.enrollment", "course") == {"BIO101 2026J Biology"}


def test_two_of_the_same_name_can_be_distinguished(registrar_client, student):
    for number in ("s1001", "s1002"):
        student(number, first_name="Anna", last_name="Novák")
    assert choices_of(registrar_client, "users.enrollment", "student", "nov") == {
        "Anna Novák · s1001",
        "Anna Novák · s1002",
    }
