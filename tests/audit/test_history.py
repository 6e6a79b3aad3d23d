"""What a saved change leaves behind: a history row with who, why, when and through what."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import current_record, recording
from tests.filling import errors_of, fields_of


@pytest.fixture
def course(courses: dict[str, Course]) -> Course:
    return courses["BIO101"]


def kinds_of(row: Any) -> list[str]:
    return list(row.history.order_by("history_id").values_list("history_type", flat=True))


def test_every_save_that_changes_something_leaves_one_row(course: Course):
    course.title = "Marine biology"
    course.save()
    course.save()
    assert kinds_of(course) == ["+", "~"]
    key = course.pk
    course.delete()
    rows = Course.history.filter(id=key).order_by("history_id")
    assert [(row.history_type, row.title) for row in rows] == [
        ("+", "Biology"),
        ("~", "Marine biology"),
        ("-", "Marine biology"),
    ]


def test_a_history_row_says_who_why_and_through_what(course: Course, registrar: User):
    who = {"source": "command", "actor": registrar, "reason": "Renamed by the senate"}
    with recording(**who, request_id="r1", address="192.0.2.7"):
        course.title = "Marine biology"
        course.save()
    row = course.history.first()
    assert (row.history_user, row.history_change_reason) == (registrar, "Renamed by the senate")
    change_set = row.change_set
    assert (change_set.source, change_set.actor, change_set.reason) == tuple(who.values())
    assert (change_set.actor_name, change_set.request_id) == ("Registrar Example (registrar)", "r1")
    assert change_set.address == "192.0.2.7"


def test_one_action_is_one_change_set_however_many_rows_it_changes(courses: dict[str, Course]):
    before = ChangeSet.objects.count()
    with recording(source="job"):
        for course in courses.values():
            course.title += "!"
            course.save()
    assert ChangeSet.objects.count() == before + 1
    sets = {course.history.first().change_set_id for course in courses.values()}
    assert sets == {ChangeSet.objects.latest("pk").pk}


def test_an_action_without_a_change_leaves_no_change_set(course: Course, registrar: User):
    before = ChangeSet.objects.count()
    with recording(source="job", actor=registrar):
        course.save()
    assert ChangeSet.objects.count() == before


def test_an_inner_recording_takes_from_the_outer_what_it_does_not_say(registrar: User):
    with recording(actor=registrar, reason="outer", source="form"):
        with recording(reason="inner") as inner:
            assert (inner.actor, inner.reason, inner.source) == (registrar, "inner", "form")
            assert current_record() is inner
        assert current_record().reason == "outer"
    assert current_record() is None


def test_a_change_set_a_rollback_took_away_is_written_again(course: Course, registrar: User):
    with recording(source="job", actor=registrar):
        with transaction.atomic():
            course.title = "Lost"
            course.save()
            transaction.set_rollback(True)
        course.title = "Kept"
        course.save()
    newest = course.history.first()
    assert newest.title == "Kept"
    assert ChangeSet.objects.get(pk=newest.change_set_id).actor == registrar


def test_no_history_holds_a_password_or_a_login(registrar: User, client: Client):
    client.force_login(registrar)
    registrar.set_password("another password")
    registrar.save()
    names = {field.name for field in User.history.model._meta.fields}
    assert not {"password", "last_login"} & names
    # What history does not hold is no news to it.
    assert kinds_of(registrar) == ["+"]


def test_no_history_holds_the_text_of_a_message(demo: None):
    message = DirectMessage.objects.first()
    message.body = "Something else"
    message.save()
    assert kinds_of(message) == ["+"]
    assert "body" not in {field.name for field in DirectMessage.history.model._meta.fields}


def test_a_form_is_recorded_with_person_address_and_request(
    registrar: User, registrar_client: Client, course: Course, student: Any
):
    one = Enrollment.objects.create(student=student("s1001"), course=course)
    page = reverse("admin:users_enrollment_change", args=[one.pk])
    values = fields_of(registrar_client, page) | {"final_result": "Pass"}
    answer = registrar_client.post(page, values, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 302, errors_of(answer)
    row = one.history.first()
    assert (row.final_result, row.history_user) == ("Pass", registrar)
    assert row.change_set.source == "form"
    assert row.change_set.address == "192.0.2.9"
    assert row.change_set.request_id == answer["X-Request-ID"]


def test_the_name_stays_when_the_account_is_renamed(course: Course, person: Any):
    rita = person("registrar", "rita")
    with recording(source="form", actor=rita):
        course.title = "Marine biology"
        course.save()
    rita.username, rita.last_name = "rita.new", "Married"
    rita.save()
    assert course.history.first().change_set.actor_name == "Rita Example (rita)"


def test_the_history_page_reads_like_a_story(
    course: Course, registrar: User, auditor_client: Client
):
    with recording(source="command", actor=registrar, reason="Renamed by the senate"):
        course.title = "Marine <b>biology</b>"
        course.save()
    address = reverse("admin:courses_course_history", args=[course.pk])
    page = auditor_client.get(address).content.decode()
    assert "Registrar Example (registrar)" in page
    assert "Renamed by the senate" in page
    assert "Marine &lt;b&gt;biology&lt;/b&gt;" in page
    assert "None" not in page


def test_two_requests_have_two_ids(client: Client, db: None):
    ids = {client.get("/healthz")["X-Request-ID"] for _ in range(2)}
    assert len(ids) == 2
