"""A full course takes nobody more without a reason, and says by how many it would be over."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from backoffice.admin_site.models.rules import CapacityRule
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from tests.actions import do, do_with_many, messages_of, page_of, refused
from tests.filling import errors_of, fields_of, save

ADD = "/admin/users/enrollment/add/"
WHY = "The dean wants one more"
OVER = (
    "With this, the course is over its enrollment limit by 1: 3 active students of 2. It takes a "
    "reason."
)
IS_OVER = "BIO101 2026J Biology is over its limit by 1: 3 of 2 active students."


@pytest.fixture
def full(courses: dict[str, Course], student: Callable[..., Any]) -> Course:
    """A course with room for two, and two in it."""
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(enrollment_limit=2)
    for number in (1, 2):
        Enrollment.objects.create(student=student(f"s100{number}"), course=course)
    return course


def enroll(client: Client, course: Course, person: Any, **values: str) -> Any:
    data = {"student": person.pk, "course": course.pk, "role": "student", "progress_percent": "0"}
    return client.post(ADD, data | values)


def test_a_full_course_asks_why_and_says_by_how_many(registrar_client, full, student):
    answer = enroll(registrar_client, full, student("s1003"))
    assert errors_of(answer) == {"course": [OVER]}
    assert "Why over the limit?" in answer.content.decode()
    assert full.enrollments.count() == 2


def test_with_a_reason_it_takes_one_more_and_keeps_the_reason(registrar_client, full, student):
    answer = enroll(registrar_client, full, student("s1003"), change_reason=WHY)
    assert answer.status_code == 302, errors_of(answer)
    assert IS_OVER in messages_of(answer)
    newest = Enrollment.objects.get(student__student_id="s1003").history.first()
    assert newest.change_set.reason == WHY


def test_a_short_reason_is_none(registrar_client, full, student):
    answer = enroll(registrar_client, full, student("s1003"), change_reason="room")
    errors = errors_of(answer)
    assert errors == {"change_reason": ["Say it in at least 10 characters."], "course": [OVER]}


def test_the_reason_is_out_of_sight_until_it_is_needed(registrar_client, full):
    page = registrar_client.get(ADD)
    assert page.context["adminform"].form.fields["change_reason"].widget.is_hidden
    assert "change_reason" not in fields_of(registrar_client, ADD)


@pytest.mark.parametrize("limit", [None, 0, 3])
def test_where_there_is_room_nobody_asks(registrar_client, full, student, limit):
    Course.objects.filter(pk=full.pk).update(enrollment_limit=limit)
    assert enroll(registrar_client, full, student("s1003")).status_code == 302


@pytest.mark.parametrize("role", ["teaching_assistant", "observer"])
def test_who_assists_or_observes_takes_no_place(registrar_client, full, student, role):
    assert enroll(registrar_client, full, student("s1003"), role=role).status_code == 302


def test_what_adds_nobody_is_saved_in_a_course_that_is_over(registrar_client, full):
    Course.objects.filter(pk=full.pk).update(enrollment_limit=1)
    row = full.enrollments.order_by("pk").first()
    page = reverse("admin:users_enrollment_change", args=[row.pk])
    assert save(registrar_client, page, final_result="Pass").status_code == 302
    assert do(registrar_client, row, "complete").status_code == 302


def test_an_observer_who_becomes_a_student_takes_a_place(registrar_client, full, student):
    row = Enrollment.objects.create(student=student("s1003"), course=full, role="observer")
    page = reverse("admin:users_enrollment_change", args=[row.pk])
    answer = save(registrar_client, page, role="student")
    assert errors_of(answer) == {"course": [OVER]}
    assert save(registrar_client, page, role="student", change_reason=WHY).status_code == 302


def test_who_moves_into_a_full_course_takes_a_place(registrar_client, full, courses, student):
    row = Enrollment.objects.create(student=student("s1003"), course=courses["ART200"])
    page = reverse("admin:users_enrollment_change", args=[row.pk])
    assert errors_of(save(registrar_client, page, course=full.pk)) == {"course": [OVER]}


@pytest.mark.parametrize(("status", "action"), [("withdrawn", "reinstate"), ("failed", "reopen")])
def test_whoever_comes_back_comes_with_a_reason_that_is_announced_before(
    registrar_client, full, student, status, action
):
    row = Enrollment.objects.create(student=student("s1003"), course=full, status=status)
    dialog = registrar_client.get(page_of(row, action))
    announced = f"With this, {IS_OVER} Say why in at least 10 characters."
    assert dialog.context["form"].fields["reason"].help_text == announced
    assert refused(do(registrar_client, row, action)) == {"reason": ["This field is required."]}
    answer = do(registrar_client, row, action, reason=WHY)
    assert messages_of(answer) == [f"s1003 is active again. {IS_OVER}"]
    assert row.history.first().change_set.reason == WHY


def test_many_who_come_back_are_counted_together(registrar_client, full, student):
    back = [
        Enrollment.objects.create(student=student(f"s200{n}"), course=full, status="withdrawn")
        for n in (1, 2, 3)
    ]
    dialog = do_with_many(registrar_client, back, "reinstate")
    announced = str(dialog.context["form"].fields["reason"].help_text)
    assert "over its limit by 3: 5 of 2 active students." in announced


def test_a_model_checked_outside_of_forms_meets_the_same_rule(full, student):
    row = Enrollment(student=student("s1003"), course=full)
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert refused.value.message_dict == {"course": [OVER]}
    row.is_excess_allowed = True
    row.full_clean()
    assert (row.excess.over, row.excess.count, row.excess.most) == (1, 3, 2)


def test_a_reverted_role_is_asked_too(registrar_client, full, student):
    row = Enrollment.objects.create(student=student("s1003"), course=full, role="student")
    row.role = "observer"
    row.save()
    first = row.history.earliest("history_id")
    page = reverse("admin:users_enrollment_revert", args=[row.pk, first.pk])
    sent = fields_of(registrar_client, page)
    refused = registrar_client.post(page, sent)
    assert OVER in " ".join(refused.context["revert"].refusals)
    answer = registrar_client.post(page, sent | {"change_reason": WHY})
    assert answer.status_code == 302
    assert IS_OVER in messages_of(answer)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time")
def test_of_two_at_once_the_second_finds_the_course_full(courses, student):
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(enrollment_limit=1)
    people = [student("s1001"), student("s1002")]
    outcomes: list[str] = []
    is_first_in = threading.Event()

    def come(place: int) -> None:
        row = Enrollment(student=people[place], course=course)
        try:
            with transaction.atomic():
                is_first_in.wait(10 * place)
                row.full_clean()
                is_first_in.set()
                time.sleep(0.5)  # the other one waits for the course by now
                row.save()
            outcomes.append("in")
        except ValidationError as refusal:
            outcomes.append(refusal.messages[0])
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        list(threads.map(come, (0, 1)))
    assert outcomes == ["in", OVER.replace("3", "2").replace("of 2", "of 1")]
    assert course.enrollments.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time")
def test_two_who_bring_people_back_into_the_same_courses_do_not_block_each_other(
    registrar, courses, student, monkeypatch
):
    Course.objects.update(enrollment_limit=10)
    counted = CapacityRule.excess_with

    def slowly(rule: CapacityRule, row: Enrollment) -> Any:
        excess = counted(rule, row)
        time.sleep(0.4)  # with the course locked
        return excess

    monkeypatch.setattr(CapacityRule, "excess_with", slowly)
    back: dict[str, list[Enrollment]] = {"BIO101 first": [], "ART200 first": []}
    for number, code in enumerate(("BIO101", "ART200", "ART200", "BIO101")):
        values = {"student": student(f"s100{number}"), "course": courses[code]}
        one = Enrollment.objects.create(status="withdrawn", **values)
        back["BIO101 first" if number < 2 else "ART200 first"].append(one)

    def bring(rows: list[Enrollment]) -> int:
        client = Client(raise_request_exception=False)
        client.force_login(registrar)
        try:
            return do_with_many(client, rows, "reinstate", reason=WHY).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        assert list(threads.map(bring, back.values())) == [302, 302]
    assert Enrollment.objects.active().count() == 4
