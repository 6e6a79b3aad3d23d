"""A course is published, given to somebody, and put away."""

import pytest

from tests.actions import do, do_with_many, messages_of, refused


def test_a_course_nobody_could_take_is_not_published(admin_client, courses):
    art = courses["ART200"]
    assert refused(do(admin_client, art, "publish")) == {
        "__all__": [f"{art} cannot be published yet. Missing: instructor, starts on."]
    }
    art.refresh_from_db()
    assert art.status == "draft"


def test_a_complete_course_is_published_once(admin_client, courses, instructor):
    bio = courses["BIO101"]
    bio.instructor = instructor
    bio.save()
    assert messages_of(do(admin_client, bio, "publish")) == [f"{bio} is published."]
    bio.refresh_from_db()
    assert bio.status == "published"
    assert bio.published_at is not None
    assert "The course is published already." in str(refused(do(admin_client, bio, "publish")))


def test_an_archived_course_keeps_everything(registrar_client, courses):
    bio = courses["BIO101"]
    answer = do(registrar_client, bio, "archive", reason="The term is over")
    assert messages_of(answer) == [f"{bio} is archived."]
    bio.refresh_from_db()
    assert bio.status == "archived"
    assert bio.history.first().change_set.reason == "The term is over"


def test_the_new_instructor_has_the_course_at_once(
    registrar_client, courses, instructor, instructor_client, person
):
    kenji = person("instructor", "kenji")
    for course in courses.values():
        course.instructor = kenji
        course.save()
    answer = do_with_many(
        registrar_client,
        courses.values(),
        "assign_instructor",
        instructor=instructor.pk,
        reason="Kenji is on leave",
    )
    assert messages_of(answer) == ["Done with 2 rows."]
    assert instructor_client.get("/admin/courses/course/").context["cl"].result_count == 2


@pytest.mark.parametrize("role", ["registrar", "auditor", "student"])
def test_only_instructors_teach(admin_client, courses, person, role):
    other = person(role, "other") if role != "student" else None
    values = {"instructor": other.pk if other else 999_999, "reason": "Somebody has to do it"}
    errors = refused(do(admin_client, courses["BIO101"], "assign_instructor", **values))
    assert errors == {
        "instructor": ["Select a valid choice. That choice is not one of the available choices."]
    }


def test_an_instructor_neither_publishes_nor_gives_away(instructor, instructor_client, courses):
    bio = courses["BIO101"]
    bio.instructor = instructor
    bio.save()
    assert do(instructor_client, bio, "publish").status_code == 403
    values = {"instructor": instructor.pk, "reason": "I want another one"}
    assert do(instructor_client, bio, "assign_instructor", **values).status_code == 403
