"""No setting of a session leads the application's role to what others wrote."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from django.db import connection

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from tests.application_role import APPLICATION
from tests.connections import somebody

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")


@pytest.fixture
def transactional(
    two_roles: None, transactional_db: None, courses: dict[str, Course]
) -> Iterator[tuple[ChangeSet, Callable[[str], None]]]:
    """A change set of another transaction, and what runs SQL as the role, each in its own."""
    with recording(source="form", reason="Of somebody else"):
        Course.objects.filter(pk=courses["BIO101"].pk).update(title="Botany")
    with somebody() as cursor:
        cursor.connection.autocommit = True
        cursor.execute(f'SET SESSION AUTHORIZATION "{APPLICATION}"')
        yield ChangeSet.objects.get(source="form"), cursor.execute


@pytest.mark.parametrize(
    "name", ["change_set", "deed", "letting_go", "flush", "past", "now", "demo", "transaction"]
)
@pytest.mark.parametrize(
    "value", ["{old}", "sql {old}", "{key}", "{key} {old}", '{{"deed": "{key}"}}', "on"]
)
def test_no_setting_leads_to_what_others_wrote(transactional: Any, name: str, value: str):
    old, run = transactional
    text = value.format(old=old.pk, key=old.key)
    try:
        run(f"SELECT set_config('backoffice.{name}', '{text}', false)")
        run("UPDATE courses_course SET title = title || '!'")
    except psycopg2.Error:
        return  # a context that is none is refused
    newest = Course.history.latest("history_id")
    assert newest.title.endswith("!")
    assert newest.change_set_id != old.pk
    assert newest.change_set.created_at > old.created_at


def context(actor: User | None, key: str) -> str:
    """SQL: what names the actor of the next statements, and the key of their action."""
    values = {"actor_id": actor.pk if actor else None, "actor_name": "", "deed": key or None}
    named = {name: value for name, value in values.items() if value is not None}
    return f"SELECT set_config('backoffice.deed', '{json.dumps(named)}', true)"


@pytest.mark.parametrize("key", ["", str(uuid4())], ids=["no key", "a key"])
def test_a_history_names_nobody_but_the_actor_of_its_change_set(
    transactional: Any, registrar: User, admin: User, key: str
):
    """Behind the actor of a change set a login is asked for; behind a row's own, nothing would."""
    _old, run = transactional
    run("BEGIN")
    for actor in (None, registrar, admin, None, registrar):
        run(context(actor, key))
        run("UPDATE courses_course SET title = title || '!'")
    run("COMMIT")
    written = list(Course.history.filter(title__contains="!").select_related("change_set"))
    assert {row.history_user_id for row in written} == {None, registrar.pk, admin.pk}
    assert all(row.history_user_id == row.change_set.actor_id for row in written)
    named = ChangeSet.objects.filter(pk__in={row.change_set_id for row in written})
    assert set(ChangeSet.objects.unaccounted()) == set(named.exclude(actor=None))
