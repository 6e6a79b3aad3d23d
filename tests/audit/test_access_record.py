"""Looks at people's data, exports, refusals and logins leave a row that nobody changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.access_log import log
from backoffice.audit.models import AccessRecord
from backoffice.audit.record.install import missing
from tests.forging import unwatched

PASSWORD = "a password for tests"
Kind = AccessRecord.Kind
NO_RIGHT = "No right to do this."


@pytest.fixture
def ada(student: Any) -> User:
    """A student."""
    return student("s100", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def grace(person: Any) -> User:
    """An instructor with a password."""
    one = person("instructor", "grace")
    one.set_password(PASSWORD)
    one.save()
    return one


@pytest.fixture
def enrolled(ada: User, courses: Any) -> Enrollment:
    """Ada takes biology."""
    return Enrollment.objects.create(student=ada, course=courses["BIO101"])


def rows(*kinds: str) -> list[AccessRecord]:
    """What was recorded, the first one first."""
    return list(AccessRecord.objects.filter(kind__in=kinds).order_by("pk"))


def only(kind: str) -> AccessRecord:
    """The one row of this kind."""
    (row,) = rows(kind)
    return row


def log_in(name: str, password: str, address: str = "192.0.2.7") -> Any:
    client = Client(REMOTE_ADDR=address)
    client.post("/admin/login/", {"username": name, "password": password})
    return client


def test_a_login_and_a_logout_are_recorded_with_the_address(grace: User):
    client = log_in("grace", PASSWORD)
    client.post("/admin/logout/")
    login, logout = rows(Kind.LOGIN, Kind.LOGOUT)
    assert (login.kind, logout.kind) == (Kind.LOGIN, Kind.LOGOUT)
    assert login.actor == logout.actor == grace
    assert login.actor_name == "Grace Example (grace)"
    assert login.address == "192.0.2.7"
    assert len(login.request_id) == 32


def test_a_failed_login_is_recorded_without_what_was_typed_as_password(grace: User):
    log_in("grace", "s3cret-typed-wrongly")
    row = only(Kind.FAILED)
    assert (row.actor, row.person, row.object_text) == (None, grace, "grace")
    stored = [str(getattr(row, field.attname)) for field in AccessRecord._meta.concrete_fields]
    assert not [value for value in stored if "s3cret" in value]


def test_a_name_nobody_has_may_be_a_password_and_is_not_kept(db: None):
    log_in("hunter2-in-the-wrong-box", "x")
    assert (only(Kind.FAILED).object_text, only(Kind.FAILED).person) == ("hu…", None)


def test_trying_on_during_a_pause_fills_no_table(grace: User):
    for _again in range(12):
        log_in("grace", "wrong")
    assert 5 <= len(rows(Kind.FAILED)) <= 6
    assert rows(Kind.FAILED)[-1].sentence == "Paused after too many wrong passwords."


def test_a_look_at_a_persons_page_says_who_looked_at_whose(registrar_client, registrar, ada):
    registrar_client.get(f"/admin/users/user/{ada.pk}/change/")
    row = only(Kind.VIEW)
    assert (row.actor, row.person, row.status) == (registrar, ada, 200)
    assert (row.label, row.object_id) == ("users.user", str(ada.pk))
    assert row.object_text == "Ada Lovelace"
    assert row.path == f"/admin/users/user/{ada.pk}/change/"


def test_a_look_at_a_history_is_a_look(registrar_client, ada):
    registrar_client.get(f"/admin/users/user/{ada.pk}/history/")
    assert only(Kind.VIEW).person == ada
    assert only(Kind.VIEW).path.endswith("/history/")


def test_a_look_at_a_submission_and_an_answer_says_whose_work_it_is(
    demo: None,
):
    client = Client()
    client.force_login(User.objects.filter(role="admin", is_active=True).first())
    work = AssessmentSubmission.objects.filter(responses__isnull=False).first()
    answer = work.responses.first()
    client.get(f"/admin/assessments/assessmentsubmission/{work.pk}/change/")
    client.get(f"/admin/assessments/questionresponse/{answer.pk}/change/")
    assert [row.person for row in rows(Kind.VIEW)] == [work.student, work.student]


def test_a_page_without_anybodys_data_is_not_recorded(registrar_client, courses):
    registrar_client.get(f"/admin/courses/course/{courses['BIO101'].pk}/change/")
    registrar_client.get("/admin/courses/course/")
    registrar_client.get("/admin/")
    registrar_client.get("/healthz")
    assert rows(*Kind.values) == rows(Kind.LOGIN)


def test_a_list_is_one_row_with_what_it_was_narrowed_to(registrar_client, enrolled):
    registrar_client.get("/admin/users/enrollment/", {"q": "ada", "status__exact": "active"})
    row = only(Kind.LIST)
    assert (row.label, row.rows, row.person) == ("users.enrollment", 1, None)
    assert row.asked == "q=ada&status__exact=active"


def test_a_search_of_the_palette_is_recorded_with_its_words(registrar_client, ada):
    registrar_client.get("/admin/search/", {"s": "Lovelace", "extended": "1"})
    assert only(Kind.SEARCH).asked == "s=Lovelace&extended=1"


def test_secrets_in_an_address_stay_out_of_the_record(registrar_client, ada):
    registrar_client.get("/admin/users/user/", {"q": "ada", "password": "open sesame"})
    assert [row.asked for row in rows(*Kind.values) if "sesame" in row.asked] == []


def test_an_export_is_recorded_with_its_rows_before_the_first_byte(registrar_client, enrolled):
    answer = registrar_client.get("/admin/bulk/batch/export/", {"kind": "enrollments"})
    row = only(Kind.EXPORT)  # nothing of the stream has been read
    assert (row.label, row.rows, row.asked) == ("users.enrollment", 1, "kind=enrollments")
    assert b"s100" in answer.getvalue()


def failing(row: AccessRecord, **_options: Any) -> None:
    raise DatabaseError("disk full")


def test_an_export_that_cannot_be_recorded_is_not_made(
    registrar_client, enrolled, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(AccessRecord, "save", failing)
    answer = registrar_client.get("/admin/bulk/batch/export/", {"kind": "enrollments"})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert answer.content.decode() == (
        "This export could not be recorded, so it was not made. Try again in a minute."
    )


def test_a_page_whose_look_cannot_be_recorded_is_still_a_page(
    registrar_client, ada, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(AccessRecord, "save", failing)
    address = f"/admin/users/user/{ada.pk}/change/"
    assert registrar_client.get(address).status_code == 200
    assert f"An access was not recorded: GET {address}" in caplog.text


def test_a_row_that_is_not_theirs_is_recorded_as_refused_with_its_name(
    instructor_client, instructor, enrolled, ada
):
    address = f"/admin/users/enrollment/{enrolled.pk}/change/"
    assert instructor_client.get(address).status_code == 403
    assert instructor_client.post(address, {"status": "completed"}).status_code == 403
    view, change = rows(Kind.REFUSED)
    assert (view.method, change.method) == ("GET", "POST")
    for row in (view, change):
        assert (row.actor, row.person, row.status) == (instructor, ada, 403)
        assert (row.sentence, row.object_text) == (NO_RIGHT, str(enrolled))


def test_a_refused_export_page_is_recorded(person: Any, courses: Any):
    helper = person("instructor", "helper")
    Enrollment.objects.create(student=helper, course=courses["BIO101"], role="teaching_assistant")
    client = Client()
    client.force_login(helper)
    assert client.get("/admin/bulk/batch/export/").status_code == 403
    assert only(Kind.REFUSED).path == "/admin/bulk/batch/export/"


def test_a_forged_form_is_recorded_as_refused(registrar: User, ada: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(registrar)
    client.post(f"/admin/users/user/{ada.pk}/change/", {"first_name": "X"})
    row = only(Kind.REFUSED)
    assert (row.actor, row.person) == (registrar, ada)
    assert row.sentence == "Refused before a page was asked: a forged request."


def test_a_stranger_fills_no_table(ada: User):
    Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    Client().get(f"/admin/users/user/{ada.pk}/change/")
    assert rows(*Kind.values) == []


def test_a_look_costs_one_statement(registrar_client, ada, django_assert_num_queries):
    row = log.AccessRecord(kind=Kind.VIEW, person=ada)
    with django_assert_num_queries(1):
        assert log.stored(row)


def test_every_personal_model_leads_to_a_person(demo: None):
    for model in log.personal_models():
        for row in model._base_manager.all()[:1]:
            person = log.person_of(row)
            assert person is None or User.objects.filter(pk=person).exists(), model


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one role, the owner")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_accessrecord SET actor_name = 'X'",
        "DELETE FROM audit_accessrecord",
        "TRUNCATE audit_accessrecord",
    ],
)
def test_the_record_is_not_changed_and_not_deleted(sql: str, registrar_client: Client):
    message = "The record in audit_accessrecord is not changed and not deleted."
    connection.check_constraints()  # nothing is left to be checked later
    with (
        pytest.raises(DatabaseError, match=message),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert len(rows(Kind.LOGIN)) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps nothing by a trigger")
def test_a_missing_trigger_is_reported_and_put_on_again_by_migrate(db: None):
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER record_kept ON audit_accessrecord")
    assert missing() == ["audit_accessrecord"]
    call_command("migrate", verbosity=0)
    assert missing() == []


def test_questions_find_who_looked_was_refused_or_failed_much_too_often(
    registrar: User, instructor: User, ada: User
):
    def made(kind: str, count: int, **fields: Any) -> None:
        rows = [AccessRecord(kind=kind, **fields) for _each in range(count)]
        AccessRecord.objects.bulk_create(rows)

    long_ago = timezone.now() - timedelta(days=8)
    made(Kind.VIEW, 201, actor=registrar, person=ada)
    made(Kind.VIEW, 150, actor=instructor, person=ada)
    made(Kind.REFUSED, 10, actor=instructor)
    made(Kind.REFUSED, 9, actor=registrar)
    made(Kind.FAILED, 5, address="192.0.2.1")
    made(Kind.FAILED, 4, address="192.0.2.2")
    with unwatched():  # the database would say that it is now
        made(Kind.FAILED, 50, address="192.0.2.3", created_at=long_ago)
    records = AccessRecord.objects.all()
    assert set(records.seen_in_bursts().values_list("actor", flat=True)) == {registrar.pk}
    assert records.seen_in_bursts().count() == 201
    assert set(records.refused_in_bursts().values_list("actor", flat=True)) == {instructor.pk}
    assert set(records.failed_in_bursts().values_list("address", flat=True)) == {"192.0.2.1"}
