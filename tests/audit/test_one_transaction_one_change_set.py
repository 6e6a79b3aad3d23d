"""The database takes a change set from the transaction that made it, and from no other."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from backoffice.apps.courses.models import CourseTag
from backoffice.audit.models import AccessRecord, ChangeSet
from backoffice.audit.record.recording import recording
from tests.connections import somebody

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL's transactions"),
]


@pytest.fixture
def psql() -> Iterator[Any]:
    """Somebody else's connection."""
    with somebody() as cursor:
        yield cursor


def sign(cursor: Any, key: object, source: str) -> None:
    context = json.dumps({"deed": str(key), "source": source})
    cursor.execute("SELECT set_config('backoffice.deed', %s, true)", [context])


def put_in(cursor: Any, name: str) -> None:
    cursor.execute("INSERT INTO courses_coursetag (name, description) VALUES (%s, '')", [name])


def change_set_of(name: str) -> ChangeSet:
    return ChangeSet.objects.get(pk=CourseTag.history.get(name=name).change_set_id)


def former(**context: Any) -> ChangeSet:
    """A change set of a transaction that is over."""
    with recording(source="action", **context):
        CourseTag.objects.create(name="former")
    return change_set_of("former")


def test_a_number_of_somebody_elses_is_not_taken(psql: Any):
    old = former()
    psql.execute("SELECT set_config('backoffice.change_set', %s, true)", [f"sql {old.pk}"])
    put_in(psql, "added")
    psql.connection.commit()
    made = change_set_of("added")
    assert made.pk != old.pk
    assert (made.source, made.actor_id) == ("sql", None)


def test_a_key_of_somebody_elses_is_not_taken(psql: Any):
    old = former()
    sign(psql, old.key, "action")
    put_in(psql, "added")
    psql.connection.commit()
    made = change_set_of("added")
    assert made.pk != old.pk
    assert made.key != old.key
    assert UUID(made.request_id) == old.key


def test_both_together_are_not_taken(psql: Any):
    old = former()
    sign(psql, old.key, "action")
    known = f"{old.key} {old.pk}"
    psql.execute("SELECT set_config('backoffice.change_set', %s, true)", [known])
    put_in(psql, "added")
    psql.connection.commit()
    assert change_set_of("added").pk != old.pk


def test_an_action_of_several_transactions_has_one_change_set_each_of_one_request():
    with recording(source="command", actor_name="nightly"):
        for names in (("a", "b"), ("c",)):
            with transaction.atomic():
                for name in names:
                    CourseTag.objects.create(name=name)
    a, b, c = map(change_set_of, "abc")
    assert a == b != c
    assert a.request_id == c.request_id == a.key.hex
    assert (c.source, c.actor_name) == ("command", "nightly")


def test_the_record_in_python_and_the_triggers_mean_the_same_change_set():
    with recording(source="command") as record:
        for name in ("a", "b"):
            with transaction.atomic():
                noted = record.change_set
                CourseTag.objects.create(name=name)
                assert change_set_of(name) == noted == record.change_set
        assert change_set_of("a") != change_set_of("b")


def test_savepoints_and_other_actions_between_make_no_second_one():
    with transaction.atomic(), recording(source="command") as outer:
        CourseTag.objects.create(name="a")
        with recording(source="job"), transaction.atomic():
            CourseTag.objects.create(name="b")
        with transaction.atomic():
            CourseTag.objects.create(name="c")
            transaction.set_rollback(True)
        with transaction.atomic():
            CourseTag.objects.create(name="d")
        assert outer.change_set == change_set_of("a")
    a, b, d = map(change_set_of, "abd")
    assert a == d != b
    assert a.request_id == b.request_id


def test_a_second_transaction_keeps_its_one_through_others_and_rollbacks(psql: Any):
    key = former().key
    for name, its_key in (("a", key), ("b", uuid4()), ("c", key)):
        sign(psql, its_key, "job")
        psql.execute("SAVEPOINT s")
        put_in(psql, f"{name} rolled back")
        psql.execute("ROLLBACK TO SAVEPOINT s")
        put_in(psql, name)
    psql.connection.commit()
    a, b, c = map(change_set_of, "abc")
    assert a == c != b


def test_the_time_is_the_databases(psql: Any):
    psql.execute(
        "INSERT INTO audit_changeset (deed, actor_name, source, reason, request_id, created_at) "
        "VALUES (gen_random_uuid(), 'Ada', 'form', '', '', '2020-01-01') RETURNING created_at > "
        "now() - interval '1 minute'"
    )
    assert psql.fetchone() == (True,)
    columns = "actor_name, label, object_id, object_text, method, path, asked, sentence, request_id"
    psql.execute(
        f"INSERT INTO audit_accessrecord (kind, {columns}, created_at) "
        f"VALUES ('login'{', %s' * 9}, '2020-01-01') "
        "RETURNING created_at > now() - interval '1 minute'",
        [""] * 9,
    )
    assert psql.fetchone() == (True,)
    psql.connection.commit()
    assert AccessRecord.objects.count() == 1


@pytest.mark.parametrize("known", ["sql", "sql x", "sql 9223372036854775808", "sql  1", "sql -1"])
def test_a_number_that_is_none_helps_nobody(psql: Any, known: str):
    former()
    psql.execute("SELECT set_config('backoffice.change_set', %s, true)", [known])
    put_in(psql, "added")
    psql.connection.commit()
    assert change_set_of("added").source == "sql"
