"""An erasure that forget_person did not make hides nothing: each is named, with block and row."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from backoffice.apps.users.models import User
from backoffice.audit.models import BlockPart, ChangeSet, Erasure, Salt
from backoffice.audit.record.recording import recording
from backoffice.audit.record.runs import recorded_run
from backoffice.audit.seal.ledgers import Digest, Ledger, Range, lines
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched

WHY = "A request under data protection law"
TABLE = "users_historicaluser"


@pytest.fixture
def ada(student: Any, admin: User) -> User:
    """A student who has left; it is sealed."""
    row = student("S1001", first_name="Ada", last_name="Lovelace", email="ada@example.org")
    Client().force_login(admin)
    with recording(source="form", actor=admin, reason="She has left"):
        User.objects.filter(pk=row.pk).update(is_active=False)
    seal()
    row.refresh_from_db()
    return row


def forget(username: str) -> str:
    out = io.StringIO()
    call_command("forget_person", username, reason=WHY, stdout=out)
    return out.getvalue()


def newest(person: User) -> Any:
    return User.history.filter(id=person.pk).first()


def change_set(**fields: Any) -> ChangeSet:
    values = {"source": "command", "actor_name": "forget_person", "reason": WHY} | fields
    made = ChangeSet.objects.create(**values)
    made.refresh_from_db()
    return made


def blank(person: User, made: ChangeSet, **fields: Any) -> int:
    """Blank a version as forgetting does, with its own digest; returns the version's key."""
    row, salt = newest(person), bytes(Salt.objects.get(table_name="users_user", key=person.pk).salt)
    digest = _personal_digest(row, salt)
    named = f"forgotten-{person.pk}"
    values = dict.fromkeys(("first_name", "last_name", "email", "bio", "avatar"), "")
    with unwatched():
        User.history.filter(pk=row.pk).update(
            username=named, student_id=named, specialization="", **values
        )
        claim = {"change_set": made, "transaction_id": made.transaction_id}
        Erasure.objects.create(
            **claim | {"table_name": TABLE, "row_id": row.pk, "digest": digest} | fields
        )
    return row.pk


def _personal_digest(row: Any, salt: bytes) -> str:
    part = BlockPart.objects.get(table_name=TABLE, after_id__lt=row.pk, up_to_id__gte=row.pk)
    ledger = Ledger.from_json(TABLE, part.columns)
    with connection.cursor() as cursor:
        (line,) = lines(cursor, ledger, Range(row.pk - 1, row.pk))
    return Digest(ledger, {row.id: salt}).personal(line.split(b"\t")).hex()


def blanked(row: int, why: str) -> str:
    return f"Block 1, {TABLE} row {row}: blanked by an erasure that {why}."


def test_a_version_blanked_of_somebody_who_was_not_forgotten(ada: User):
    with recorded_run("forget_person", reason=WHY) as run:
        row = blank(ada, run.change_set)
    seal()
    assert verify().altered == [blanked(row, "is of nobody who was forgotten")]


def test_a_version_blanked_of_somebody_who_works_here(ada: User, registrar: User):
    User.objects.filter(pk=registrar.pk).update(first_name="Rita")
    seal()
    with recorded_run("forget_person", reason=WHY) as run:
        row = blank(registrar, run.change_set)
    message = f"Block 2, {TABLE} row {row}: blanked by an erasure that is of nobody who was "
    assert f"{message}forgotten." in verify().altered


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"source": "form"}, "forget_person did not make: its change set is {}"),
        ({"actor_name": "audit_retain"}, "forget_person did not make: its change set is {}"),
        ({"reason": "because"}, "gives no reason: its change set is {}"),
    ],
)
def test_an_erasure_with_a_change_set_that_does_not_fit(ada: User, fields: Any, why: str):
    made = change_set(**fields)
    row = blank(ada, made)
    seal()
    assert blanked(row, why.format(made.pk)) in verify().altered


def test_an_erasure_of_another_transaction(ada: User):
    made = change_set()
    row = blank(ada, made, transaction_id=(made.transaction_id or 0) + 1)
    why = f"is of another transaction than its change set {made.pk}"
    assert blanked(row, why) in verify().altered


def test_one_more_erasure_in_a_genuine_forgetting_of_the_past(ada: User, student: Any):
    other = student("S2", is_active=False)
    seal()
    forget("S2")
    made = ChangeSet.objects.get(actor_name="forget_person")
    for title in ("a", "b"):
        User.objects.filter(pk=other.pk).update(role="student", graduation_year=2000 + ord(title))
        seal()
    row = blank(ada, made)
    seal()
    assert blanked(row, f"was put in after its change set {made.pk} was sealed") in verify().altered


def test_an_erasure_made_ready_for_a_row_that_is_as_it_was(ada: User):
    row = newest(ada).pk
    made = change_set()
    with unwatched():
        Erasure.objects.create(change_set=made, table_name=TABLE, row_id=row, digest="00" * 32)
    message = f"{TABLE} row {row} was not blanked, and an erasure names it."
    assert message in verify().altered


def test_a_genuine_forgetting_is_intact_and_so_is_a_removal_after_it(ada: User):
    forget("S1001")
    assert verify().altered == []
    assert verify().forgotten > 0
    User.objects.filter(pk=ada.pk).update(graduation_year=2031)
    seal()
    tomorrow = timezone.now().date() + timedelta(days=1)
    call_command("audit_retain", before=str(tomorrow), reason=WHY, stdout=io.StringIO())
    assert verify().altered == []
