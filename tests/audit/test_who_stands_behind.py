"""Behind the actor of a change set stands a login, a run of a command or a file of theirs."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.apps.courses.models import CourseTag
from backoffice.apps.users.models import User
from backoffice.audit.models import AccessRecord, ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.audit.record.runs import recorded_run
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched

ENROLLMENTS = "student_id,course_code,presentation\nS1001,BIO101,2026J\n"
ADA = "Ada Lovelace (ada)"


def write(**context: Any) -> ChangeSet:
    with recording(**context):
        CourseTag.objects.create(name=f"tag {CourseTag.objects.count()}")
    return ChangeSet.objects.latest("pk")


def log_in(user: User, before: timedelta = timedelta()) -> None:
    Client().force_login(user)
    row = AccessRecord.objects.latest("pk")
    assert (row.kind, row.actor) == ("login", user)
    with unwatched():
        AccessRecord.objects.filter(pk=row.pk).update(created_at=row.created_at - before)


def unaccounted() -> list[ChangeSet]:
    """Those the page finds, and `audit_verify` names."""
    found = list(ChangeSet.objects.unaccounted().order_by("pk"))
    named = [text for text in verify().altered if "stands behind" in text]
    assert len(named) == len(found)
    return found


@pytest.mark.parametrize("source", ["form", "action", "import", "undo", "job", "sql", "system"])
def test_an_account_that_had_not_logged_in_is_found(registrar: User, source: str):
    made = write(source=source, actor=registrar)
    assert unaccounted() == [made]
    seal()
    assert verify().altered == [
        f"Block 1, audit_changeset row {made.pk}: no login, command or file of that time stands "
        f"behind Registrar Example (registrar)."
    ]


@pytest.mark.parametrize("source", ["form", "action", "import", "undo", "sql", "system"])
def test_an_account_that_had_logged_in_is_not(registrar: User, source: str):
    log_in(registrar)
    write(source=source, actor=registrar)
    assert unaccounted() == []


def test_what_is_not_sealed_yet_is_named_too(registrar: User):
    made = write(source="form", actor=registrar)
    seal()
    later = write(source="form", actor=registrar)
    verdict = verify()
    assert (verdict.status, verdict.alteration_count) == (1, 2)
    assert [text.partition(":")[0] for text in verdict.altered] == [
        f"Block 1, audit_changeset row {made.pk}",
        f"Not sealed yet, audit_changeset row {later.pk}",
    ]


@pytest.mark.parametrize(("hours", "is_found"), [(11.9, False), (12.2, True), (-0.2, True)])
def test_a_login_counts_as_long_as_a_session_lasts(registrar: User, hours: float, is_found: bool):
    log_in(registrar, before=timedelta(hours=hours))
    made = write(source="form", actor=registrar)
    assert unaccounted() == ([made] if is_found else [])


def test_a_login_of_somebody_else_does_not_count(registrar: User, admin: User):
    log_in(admin)
    made = write(source="action", actor=registrar)
    assert unaccounted() == [made]


def test_a_name_without_an_account_is_found_but_for_sql(db: None):
    made = write(source="form", actor_name=ADA)
    write(source="sql", actor_name=ADA)
    write(source="system")
    CourseTag.objects.create(name="nobody named")
    assert unaccounted() == [made]


@pytest.mark.parametrize("source", ["command", "job"])
def test_a_command_that_did_not_run_is_found(db: None, source: str):
    made = write(source=source, actor_name="nightly", reason="As every night")
    unnamed = write(source=source)
    assert unaccounted() == [made, unnamed]
    seal()
    assert verify().altered[-1].endswith(f"stands behind its {unnamed.get_source_display()}.")


def test_a_command_that_ran_is_not_and_its_run_is_recorded(registrar: User):
    for actor in (None, registrar):
        with recorded_run("nightly", actor=actor) as run:
            CourseTag.objects.create(name=f"by {actor}")
        row = AccessRecord.objects.latest("pk")
        assert (row.kind, row.actor, row.path) == ("command", actor, "manage.py nightly")
        assert row.request_id == run.request_id == ChangeSet.objects.latest("pk").request_id
    assert unaccounted() == []


def test_the_run_of_a_command_does_not_stand_behind_an_account(registrar: User):
    with recorded_run("nightly"):
        made = write(source="form", actor=registrar)
    assert unaccounted() == [made]


def test_a_run_of_yesterday_stands_behind_nothing(db: None):
    with recorded_run("nightly") as run:
        pass
    with unwatched():
        past = timezone.now() - timedelta(days=1)
        AccessRecord.objects.update(created_at=past)
    made = write(source="command", actor_name="nightly", request_id=run.request_id)
    assert unaccounted() == [made]


def test_a_login_does_not_stand_behind_a_command(registrar: User):
    log_in(registrar)
    made = write(source="command", actor=registrar)
    assert unaccounted() == [made]


def test_a_file_stands_behind_whoever_uploaded_it(student: Any, courses: Any, import_file: Any):
    student("S1001")
    batch = import_file("enrollments", ENROLLMENTS)
    assert (batch.state, batch.created) == ("applied", 1)
    assert unaccounted() == []


def test_a_file_of_the_past_does_not(registrar: User, student: Any, courses: Any, import_file: Any):
    student("S1001")
    batch = import_file("enrollments", ENROLLMENTS)
    made = write(source="import", actor=registrar, batch=batch.pk)
    assert unaccounted() == [made]


@pytest.mark.parametrize("source", ["import", "undo", "sql", "system"])
@pytest.mark.parametrize("is_logged_in", [False, True], ids=["nobody", "logged in"])
def test_nothing_is_hung_onto_an_import_that_did_not_bring_it(
    admin: User, student: Any, courses: Any, import_file: Any, source: str, is_logged_in: bool
):
    """Its page would say that the file of somebody else brought it."""
    student("S1001")
    batch = import_file("enrollments", ENROLLMENTS)
    log_in(admin)
    made = write(source=source, actor=admin if is_logged_in else None, batch=batch.pk)
    beyond = write(source=source, actor=admin if is_logged_in else None, batch=10**9)
    assert unaccounted() == [made, beyond]


def test_neither_does_a_file_of_somebody_else(
    admin: User, student: Any, courses: Any, import_file: Any
):
    student("S1001")
    batch = import_file("enrollments", ENROLLMENTS)
    with unwatched():
        ChangeSet.objects.filter(pk=batch.change_set_id).update(actor=admin)
    assert unaccounted() == [batch.change_set]


def test_what_is_from_before_is_not_asked(registrar: User):
    made = write(source="form", actor=registrar)
    with unwatched():
        ChangeSet.objects.update(transaction_id=None)
    assert made in ChangeSet.objects.all()
    assert unaccounted() == []


def test_what_only_says_so_is_found(registrar: User):
    made = write(source="form", actor=registrar)
    with unwatched():
        ChangeSet.objects.filter(pk=made.pk).update(transaction_id=None)
    seal()
    assert verify().altered == [f"Block 1, audit_changeset row {made.pk}: it is of no transaction."]


def test_where_retention_took_the_logins_away_nothing_is_said(registrar: User):
    log_in(registrar)
    write(source="form", actor=registrar)
    seal()
    tomorrow = timezone.now().date() + timedelta(days=1)
    why = "Ten years are over, rule 4.2"
    call_command("audit_retain", before=str(tomorrow), reason=why, stdout=io.StringIO())
    assert not AccessRecord.objects.filter(kind="login").exists()
    assert verify().altered == []


def test_unusual_activity_shows_them(auditor_client: Client, registrar: User):
    made = write(source="form", actor=registrar)
    page = auditor_client.get(f"{reverse('admin:unusual')}?sign=unaccounted")
    assert [entry.change_set for entry in page.context["entries"]] == [made]
    text = page.content.decode()
    assert "Changes with no login or command behind them" in text
    assert "the access record has no login of this account" in text


def test_whoever_logs_in_and_saves_a_form_is_accounted_for(person: Any):
    one = person("admin", "amina")
    one.set_password("a password for tests")
    one.save()
    client = Client()
    client.post("/admin/login/", {"username": "amina", "password": "a password for tests"})
    assert client.post("/admin/courses/coursetag/add/", {"name": "sea"}).status_code == 302
    assert CourseTag.history.get().change_set.actor == one
    assert unaccounted() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no owner")
def test_demo_data_is_asked_nothing_and_comes_first(registrar: User):
    # The fixture's own change sets came before: the database is in use.
    with unwatched():
        made = ChangeSet.objects.create(source="demo", actor=registrar, transaction_id=7)
    assert unaccounted() == []
    assert verify().altered == [
        f"Not sealed yet, audit_changeset row {made.pk}: called demo data, in a database that was "
        f"in use."
    ]
