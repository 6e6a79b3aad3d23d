"""Forgetting a person takes away who it was; the record still verifies."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.models import Enrollment, Profile, User
from backoffice.audit.models import AccessRecord, Block, ChangeSet, Erasure, Salt
from backoffice.audit.record.recording import recording
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched

WHY = "A request under data protection law"


@pytest.fixture
def ada(student: Callable[..., User], courses: dict[str, Any], admin: User) -> User:
    """A student with a name, a profile, a message and a grade, all sealed; she has left."""
    row = student("S1001", first_name="Ada", last_name="Lovelace", email="ada@example.org")
    Profile.objects.create(user=row, phone="+44 20 7946 0000", city="London")
    enrollment = Enrollment.objects.create(student=row, course=courses["BIO101"])
    Enrollment.objects.filter(pk=enrollment.pk).update(final_result="Pass")
    DirectMessage.objects.create(sender=row, recipient=admin, subject="Hello", body="A secret")
    Client().force_login(admin)
    with recording(source="form", actor=admin, reason="She has left"):
        User.objects.filter(pk=row.pk).update(is_active=False)
    seal()
    row.refresh_from_db()
    return row


def forget(username: str, reason: str = WHY) -> str:
    out = io.StringIO()
    call_command("forget_person", username, reason=reason, stdout=out)
    return out.getvalue()


def texts(but: str = "") -> str:
    """Everything the tables of people say, now and before."""
    contents = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != but and not table.startswith(("auth_", "django_")):
                cursor.execute(f"SELECT * FROM {table}")
                contents.append(str(cursor.fetchall()))
    return re.sub(r"<memory at \w+>", "", "".join(contents))


def test_nothing_is_left_of_who_it_was_and_grades_stay(ada: User):
    output = forget("S1001")
    assert output.startswith(f"Person {ada.pk} is forgotten: 3 rows and ")
    left = texts()
    for word in ("S1001", "Ada", "Lovelace", "ada@", "7946 0000", "London", "secret"):
        assert word not in left, word
    row = User.objects.get(pk=ada.pk)
    assert (row.username, row.student_id) == (f"forgotten-{ada.pk}", f"forgotten-{ada.pk}")
    assert Enrollment.objects.get(student=row).final_result == "Pass"
    assert str(row) == f"forgotten-{ada.pk}"


def test_the_record_still_verifies_and_says_how_many_rows_were_blanked(ada: User):
    forget("S1001")
    verdict = verify()
    assert (verdict.status, verdict.altered) == (0, [])
    assert verdict.forgotten == Erasure.objects.count() > 0


def test_from_where_they_logged_in_is_forgotten_too(ada: User):
    User.objects.filter(pk=ada.pk).update(username="S2002", student_id="S2002")
    for name in ("S1001", "S2002"):
        AccessLog.objects.create(username=name, ip_address="192.0.2.7", path_info="/admin/login/")
        AccessAttempt.objects.create(username=name, user_agent=name, failures_since_start=1)
    AccessLog.objects.create(username="somebody", ip_address="192.0.2.7")
    forget("S2002")
    assert set(AccessLog.objects.values_list("username", flat=True)) == {"admin", "somebody"}
    assert not AccessAttempt.objects.exists()


def test_the_salt_is_gone_so_that_nobody_can_guess_back(ada: User):
    assert Salt.objects.filter(table_name="users_user", key=ada.pk).exists()
    old = bytes(Salt.objects.get(table_name="users_user", key=ada.pk).salt)
    forget("S1001")
    left = Salt.objects.filter(table_name="users_user", key=ada.pk).first()
    assert left is None or bytes(left.salt) != old


def test_who_forgot_and_why_stays(ada: User):
    forget("S1001")
    change_set = ChangeSet.objects.get(pk=Erasure.objects.first().change_set_id)
    assert (change_set.source, change_set.actor_name, change_set.reason) == (
        "command",
        "forget_person",
        WHY,
    )


def test_a_forgotten_row_that_gets_another_name_is_found(ada: User):
    forget("S1001")
    row = User.history.filter(id=ada.pk).first()
    with unwatched():
        User.history.filter(pk=row.pk).update(first_name="Grace")
    assert verify().status == 1


def test_what_is_not_personal_cannot_be_altered_under_cover_of_forgetting(ada: User):
    forget("S1001")
    row = User.history.filter(id=ada.pk).last()
    with unwatched():
        User.history.filter(pk=row.pk).update(role="admin")
    assert verify().altered == [f"Block 1, users_historicaluser row {row.pk}: altered."]


def test_somebody_can_be_forgotten_twice(ada: User):
    forget("S1001")
    forget(f"forgotten-{ada.pk}")
    assert (verify().status, verify().altered) == (0, [])


def test_a_second_time_says_so_and_changes_nothing(ada: User):
    forget("S1001")
    before = texts(but="audit_accessrecord"), Salt.objects.count(), Block.objects.count()
    output = forget(f"forgotten-{ada.pk}")
    assert output == (
        f"Person {ada.pk} was forgotten already, and nothing of them came back: nothing was "
        f"changed.\n"
    )
    assert before == (texts(but="audit_accessrecord"), Salt.objects.count(), Block.objects.count())


def test_what_came_back_is_forgotten_the_second_time(ada: User, admin: User):
    forget("S1001")
    DirectMessage.objects.create(sender=ada, recipient=admin, subject="Again", body="A rumour")
    AccessRecord.objects.create(kind="view", person=ada, object_text="Ada Lovelace")
    seal()
    assert forget(f"forgotten-{ada.pk}").startswith(f"Person {ada.pk} is forgotten: ")
    left = texts()
    for word in ("Again", "rumour", "Lovelace"):
        assert word not in left, word
    assert verify().altered == []


def test_somebody_who_still_works_here_is_not_forgotten(instructor: User):
    with pytest.raises(CommandError) as refused:
        forget("instructor")
    assert str(refused.value) == (
        "instructor is active. Switch the account off first, then forget the person."
    )


def test_nobody_is_forgotten_without_a_reason(ada: User):
    with pytest.raises(CommandError) as refused:
        forget("S1001", "because")
    assert str(refused.value) == "Say why, in at least 10 characters: --reason '...'"


def test_an_unknown_person_is_named(db: None):
    with pytest.raises(CommandError) as refused:
        forget("nobody")
    assert str(refused.value) == "There is nobody with the username “nobody”."
