"""Two people with the same form open: nothing is overwritten unseen, and one chooses."""

import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course, CourseModule, Lesson
from backoffice.apps.users.models import Enrollment
from tests.filling import FormReader, errors_of, fields_of, save

MESSAGE = (
    "Nothing was saved: somebody else changed this while you were editing. Look at what is "
    "different below, choose, and save again."
)


@pytest.fixture
def enrollment(courses: dict[str, Course], student: Any) -> Enrollment:
    """An enrollment that two registrars look after."""
    return Enrollment.objects.create(
        student=student("s1001"), course=courses["BIO101"], enrolled_on="2026-02-03"
    )


def page_of(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def test_what_somebody_else_changed_is_shown_and_not_overwritten(
    enrollment, registrar_client, registrar2_client, registrar2
):
    opened = fields_of(registrar_client, page_of(enrollment))
    assert save(registrar2_client, page_of(enrollment), final_result="Pass").status_code == 302

    answer = registrar_client.post(page_of(enrollment), opened | {"final_result": "Distinction"})

    assert errors_of(answer) == {"__all__": [MESSAGE]}
    enrollment.refresh_from_db()
    assert enrollment.final_result == "Pass"
    (conflict,) = answer.context["adminform"].form.conflicts
    assert (conflict.label, conflict.stored, conflict.entered) == (
        "Final result",
        "Pass",
        "Distinction",
    )
    assert conflict.who == "Registrar2 Example (registrar2)"
    assert "Keep mine:" in answer.content.decode()


@pytest.mark.parametrize(("choice", "stored"), [("mine", "Distinction"), ("theirs", "Pass")])
def test_saving_again_stores_what_one_chose(
    choice, stored, enrollment, registrar_client, registrar2_client
):
    opened = fields_of(registrar_client, page_of(enrollment))
    save(registrar2_client, page_of(enrollment), final_result="Pass")
    answer = registrar_client.post(page_of(enrollment), opened | {"final_result": "Distinction"})

    again = fields_in(answer) | {"_take-final_result": choice}
    answer = registrar_client.post(page_of(enrollment), again)

    assert answer.status_code == 302, errors_of(answer)
    enrollment.refresh_from_db()
    assert enrollment.final_result == stored


def fields_in(answer: Any) -> dict[str, list[str]]:
    """The form on a page that came back with an error."""
    reader = FormReader()
    reader.feed(answer.content.decode())
    return max(reader.forms, key=len)


def test_a_field_one_has_not_touched_takes_the_other_s_value(
    enrollment, registrar_client, registrar2_client
):
    opened = fields_of(registrar_client, page_of(enrollment))
    changed = {"role": "observer", "enrolled_on": "2026-03-01", "progress_percent": "12.50"}
    save(registrar2_client, page_of(enrollment), **changed)

    answer = registrar_client.post(page_of(enrollment), opened | {"final_result": "Fail"})
    again = fields_in(answer)
    assert (again["role"], again["enrolled_on"]) == (["observer"], ["2026-03-01"])
    assert registrar_client.post(page_of(enrollment), again).status_code == 302

    enrollment.refresh_from_db()
    assert (enrollment.role, enrollment.final_result) == ("observer", "Fail")
    assert str(enrollment.enrolled_on) == "2026-03-01"


def test_the_same_change_twice_is_no_conflict(enrollment, registrar_client, registrar2_client):
    opened = fields_of(registrar_client, page_of(enrollment))
    save(registrar2_client, page_of(enrollment), final_result="Pass")
    answer = registrar_client.post(page_of(enrollment), opened | {"final_result": "Pass"})
    assert answer.status_code == 302


def test_a_change_past_the_admin_is_seen_too(enrollment, registrar_client):
    opened = fields_of(registrar_client, page_of(enrollment))
    Enrollment.objects.update(final_result="Pass")
    answer = registrar_client.post(page_of(enrollment), opened | {"final_result": "Fail"})
    (conflict,) = answer.context["adminform"].form.conflicts
    assert (conflict.stored, conflict.who) == ("Pass", "Somebody")


def test_a_form_that_does_not_say_what_it_was_opened_with_is_refused(enrollment, registrar_client):
    for token in (None, "", "[]", "x", '{"users.enrollment:1": 3}', "[" * 2_000):
        opened = fields_of(registrar_client, page_of(enrollment))
        opened.pop("_seen")
        forged = opened if token is None else opened | {"_seen": token}
        answer = registrar_client.post(page_of(enrollment), forged | {"final_result": "Fail"})
        assert errors_of(answer) == {
            "__all__": ["This form does not say what it was opened with. Open the page again."]
        }


def test_a_row_deleted_meanwhile_is_reported(courses, admin_client):
    module = CourseModule.objects.create(course=courses["BIO101"], position=1, title="One")
    opened = fields_of(admin_client, page_of(module))
    module.delete()
    answer = admin_client.post(page_of(CourseModule(pk=1)), opened)
    assert answer.status_code == 403


def test_a_row_of_an_inline_is_not_overwritten_unseen(courses, admin_client, admin, person):
    module = CourseModule.objects.create(course=courses["BIO101"], position=1, title="One")
    lesson = Lesson.objects.create(module=module, position=1, title="First")
    other = Client()
    other.force_login(person("admin", "admin2"))
    opened = fields_of(admin_client, page_of(module))
    assert save(other, page_of(lesson), title="Renamed").status_code == 302

    answer = admin_client.post(page_of(module), opened | {"lessons-0-title": "Mine"})
    assert answer.status_code == 200
    formset = answer.context["inline_admin_formsets"][0].formset
    assert formset.forms[0].non_field_errors() == [
        "Admin2 Example (admin2) changed this row while you were editing; it now has Title: "
        "Renamed. Save again to store what you see here instead."
    ]
    lesson.refresh_from_db()
    assert lesson.title == "Renamed"

    assert admin_client.post(page_of(module), fields_in(answer)).status_code == 302
    lesson.refresh_from_db()
    assert lesson.title == "Mine"


def test_rows_of_an_inline_that_one_has_not_touched_stay_as_the_other_left_them(
    courses, admin_client
):
    module = CourseModule.objects.create(course=courses["BIO101"], position=1, title="One")
    Lesson.objects.create(module=module, position=1, title="First")
    opened = fields_of(admin_client, page_of(module))
    Lesson.objects.update(title="Renamed", content="More")
    answer = admin_client.post(page_of(module), opened | {"title": "Two"})
    assert answer.status_code == 302, errors_of(answer)
    module.refresh_from_db()
    assert (module.title, Lesson.objects.get().title) == ("Two", "Renamed")


def test_a_row_of_an_inline_is_not_deleted_with_a_change_one_has_not_seen(courses, admin_client):
    module = CourseModule.objects.create(course=courses["BIO101"], position=1, title="One")
    Lesson.objects.create(module=module, position=1, title="First")
    opened = fields_of(admin_client, page_of(module))
    Lesson.objects.update(title="Renamed")
    answer = admin_client.post(page_of(module), opened | {"lessons-0-DELETE": "on"})
    assert answer.status_code == 200
    assert Lesson.objects.exists()
    again = fields_in(answer) | {"lessons-0-DELETE": "on"}
    assert admin_client.post(page_of(module), again).status_code == 302
    assert not Lesson.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite writes one at a time")
def test_of_two_at_the_same_moment_one_is_reported(courses, student, person):
    enrollment = Enrollment.objects.create(student=student("s1001"), course=courses["BIO101"])
    clients = []
    for name in ("rita", "ruth"):
        client = Client()
        client.force_login(person("registrar", name))
        clients.append((client, fields_of(client, page_of(enrollment))))
    statuses: list[int] = []
    barrier = threading.Barrier(2)

    def submit(client: Client, opened: Any, result: str) -> None:
        barrier.wait()
        answer = client.post(page_of(enrollment), opened | {"final_result": result})
        statuses.append(answer.status_code)
        connections.close_all()

    threads = [
        threading.Thread(target=submit, args=(*each, str(number)))
        for number, each in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 302]
