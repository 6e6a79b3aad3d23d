"""Whichever way a row is written, the database records it: once, signed, and only if it is new."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from backoffice.apps.courses.models import Course, CourseTag
from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.install import audited_models, check_triggers, missing
from backoffice.audit.record.recording import recording

MODELS = sorted(audited_models(), key=lambda model: model._meta.label)
IS_POSTGRES = connection.vendor == "postgresql"
pytestmark = pytest.mark.usefixtures("demo")


@dataclass
class Table:
    """A model's table, a row of it, and a value that one of its columns could take instead."""

    model: type[models.Model]
    row: models.Model
    column: str = ""
    other: Any = None

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        return [f.column for f in self.model._meta.concrete_fields if not f.generated]

    @property
    def field(self) -> models.Field:
        return next(f for f in self.model._meta.concrete_fields if f.column == self.column)

    @property
    def rows(self) -> models.QuerySet[Any]:
        return self.model._base_manager.filter(pk=self.row.pk)

    def run(self, sql: str, *params: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, params or None)

    def copy_aside(self) -> None:
        """Keep the row's values aside, so that it can come back as it was."""
        self.run(
            f"CREATE TEMPORARY TABLE aside AS SELECT * FROM {self.name} WHERE id = %s", self.row.pk
        )

    def remove(self) -> None:
        """Take the row away, past the record of this test."""
        self.copy_aside()
        self.run(f"DELETE FROM {self.name} WHERE id = %s", self.row.pk)


def _others(field: models.Field, value: Any) -> Iterator[Any]:
    """Values a field might take instead of this one."""
    if field.is_relation:
        others = field.remote_field.model._base_manager.exclude(pk=value).order_by("pk")
        yield from others.values_list("pk", flat=True)[:8]
    elif isinstance(field, models.BooleanField):
        yield not value
    elif isinstance(field, models.DateField):
        if value:
            yield from (value + timedelta(days=1), value - timedelta(days=1))
    elif isinstance(field, (models.IntegerField, models.DecimalField)):
        if value is not None:
            yield from (value + 1, value - 1)
    elif isinstance(field, models.CharField | models.TextField) and not field.choices:
        yield f"{value or ''}x"


@pytest.fixture(params=MODELS, ids=lambda model: model._meta.label)
def table(request: pytest.FixtureRequest, demo: None) -> Table:
    """Each audited table in turn."""
    chosen = Table(request.param, request.param._base_manager.order_by("-pk").first())
    held = {f.name for f in request.param.history.model._meta.fields}
    for field in request.param._meta.concrete_fields:
        if field.primary_key or field.generated or field.name not in held:
            continue
        for value in _others(field, getattr(chosen.row, field.attname)):
            try:
                with transaction.atomic():
                    chosen.rows.update(**{field.attname: value})
                    transaction.set_rollback(True)
            except DatabaseError:
                continue
            chosen.column, chosen.other = field.column, value
            return chosen
    raise AssertionError(f"nothing of {request.param} can be changed")


def save(table: Table) -> None:
    row = table.rows.get()
    setattr(row, table.field.attname, table.other)
    row.save(update_fields=[table.field.name])


def update(table: Table) -> None:
    table.rows.update(**{table.field.attname: table.other})


def bulk_update(table: Table) -> None:
    row = table.rows.get()
    setattr(row, table.field.attname, table.other)
    table.model._base_manager.bulk_update([row], [table.field.name])


def sql_update(table: Table) -> None:
    value = table.field.get_db_prep_save(table.other, connection)
    table.run(f'UPDATE {table.name} SET "{table.column}" = %s WHERE id = %s', value, table.row.pk)


def many_updates(table: Table) -> None:
    value = table.field.get_db_prep_save(table.other, connection)
    with connection.cursor() as cursor:
        sql = f'UPDATE {table.name} SET "{table.column}" = %s WHERE id = %s'
        cursor.executemany(sql, [(value, table.row.pk), (value, table.row.pk)])


def upsert(table: Table) -> None:
    table.copy_aside()
    names = ", ".join(f'"{name}"' for name in table.columns)
    value = table.field.get_db_prep_save(table.other, connection)
    table.run(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM aside WHERE true "
        f'ON CONFLICT (id) DO UPDATE SET "{table.column}" = %s',
        value,
    )


def merge(table: Table) -> None:
    table.copy_aside()
    value = table.field.get_db_prep_save(table.other, connection)
    table.run(
        f"MERGE INTO {table.name} t USING aside a ON a.id = t.id "
        f'WHEN MATCHED THEN UPDATE SET "{table.column}" = %s',
        value,
    )


def with_update(table: Table) -> None:
    value = table.field.get_db_prep_save(table.other, connection)
    table.run(
        f'WITH done AS (UPDATE {table.name} SET "{table.column}" = %s WHERE id = %s RETURNING id) '
        f"SELECT count(*) FROM done",
        value,
        table.row.pk,
    )


def delete(table: Table) -> None:
    table.rows._raw_delete(using="default")


def sql_delete(table: Table) -> None:
    table.run(f"DELETE FROM {table.name} WHERE id = %s", table.row.pk)


def bulk_create(table: Table) -> None:
    fields = [f for f in table.model._meta.concrete_fields if not f.generated]
    table.model._base_manager.all()._insert([table.row], fields=fields, raw=True)


def sql_insert(table: Table) -> None:
    names = ", ".join(f'"{name}"' for name in table.columns)
    table.run(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM aside")


def copy(table: Table) -> None:
    names = ", ".join(f'"{name}"' for name in table.columns)
    stream = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY (SELECT {names} FROM aside) TO STDOUT", stream)
        stream.seek(0)
        cursor.execute("UPDATE users_user SET id = id WHERE false")  # as COPY itself tells nobody
        cursor.copy_expert(f"COPY {table.name} ({names}) FROM STDIN", stream)


Write = Callable[[Table], None]
CHANGES: list[Write] = [save, update, bulk_update, sql_update, many_updates, upsert]
CHANGES += [merge, with_update] if IS_POSTGRES else []
REMOVALS: list[Write] = [delete, sql_delete]
ADDITIONS: list[Write] = [bulk_create, sql_insert, *([copy] if IS_POSTGRES else [])]


def written_by(write: Write, table: Table, actor: User) -> list[str]:
    """The history rows that a way of writing leaves, each looked at for who did it."""
    history = table.model.history.model.objects
    newest = history.order_by("-pk").values_list("pk", flat=True).first() or 0
    reason = f"by {write.__name__}"
    with recording(source="job", actor=actor, reason=reason):
        write(table)
    rows = list(history.filter(pk__gt=newest).order_by("pk"))
    for row in rows:
        assert (row.history_user_id, row.history_change_reason) == (actor.pk, reason)
        assert (row.change_set.actor_id, row.change_set.source) == (actor.pk, "job")
    return [row.history_type for row in rows]


def test_every_way_is_recorded_once(table: Table, subtests: Any):
    actor = User.objects.get(username="registrar")
    cases = [(write, "~", False) for write in CHANGES] + [(write, "-", False) for write in REMOVALS]
    cases += [(write, "+", True) for write in ADDITIONS]
    for write, kind, is_added in cases:
        with subtests.test(write.__name__), transaction.atomic():
            if is_added:
                table.remove()
            assert written_by(write, table, actor) == [kind]
            transaction.set_rollback(True)


def test_what_changes_nothing_is_not_recorded(table: Table):
    before = ChangeSet.objects.count()
    assert written_by(_again, table, User.objects.get(username="registrar")) == []
    assert ChangeSet.objects.count() == before


def _again(table: Table) -> None:
    table.run(f'UPDATE {table.name} SET "{table.column}" = "{table.column}"')
    table.rows.get().save()
    table.rows.filter(pk=0).delete()


def test_a_write_without_a_name_names_the_database_role(table: Table):
    history = table.model.history.model.objects
    newest = history.order_by("-pk").values_list("pk", flat=True).first() or 0
    with transaction.atomic():
        sql_update(table)
        [row] = history.filter(pk__gt=newest).select_related("change_set")
        transaction.set_rollback(True)
    assert row.change_set.source == "sql"
    assert row.history_user_id is None
    if IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute("SELECT session_user")
            assert row.change_set.actor_name == cursor.fetchone()[0]


@pytest.mark.parametrize(
    "reason", ["It's 50 % of \\'; DROP TABLE x; --", 'a "quoted" \\n %s word', "李"]
)
def test_a_reason_arrives_as_it_was_given(reason: str, demo: None):
    with recording(source="job", reason=reason):
        Course.objects.filter(pk=Course.objects.first().pk).update(title="Renamed")
    newest = Course.history.latest("history_id")
    assert newest.change_set.reason == newest.history_change_reason == reason


@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite knows no TRUNCATE")
def test_truncating_an_audited_table_is_refused(table: Table):
    # Or the server would rather speak of checks that wait for the end of the test's transaction.
    table.run("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="would leave no history"), transaction.atomic():
        table.run(f"TRUNCATE {table.name} CASCADE")


@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite's file can be written by anybody who has it")
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_is_recorded_stands(table: Table, statement: str):
    # As above: the server would rather speak of what waits.
    table.run("SET CONSTRAINTS ALL IMMEDIATE")
    for name, column in (
        (table.model.history.model._meta.db_table, "history_date"),
        ("audit_changeset", "reason"),
    ):
        message = f"The record in {name} is not changed and not deleted."
        with pytest.raises(DatabaseError, match=message), transaction.atomic():
            table.run(statement.format(name, column, column))


def test_triggers_that_are_missing_are_reported(db: None):
    assert missing() == []
    with connection.cursor() as cursor:
        if IS_POSTGRES:
            cursor.execute("ALTER TABLE users_enrollment DISABLE TRIGGER record_update")
        else:
            cursor.execute("DROP TRIGGER record_update_users_enrollment")
    assert missing() == ["users_enrollment"]
    [warning] = check_triggers(["default"])
    message = "Changes of these tables are not recorded as they should be: users_enrollment."
    assert (warning.id, warning.msg) == ("audit.W001", message)
    # The very command that mends it is not stopped by it.
    call_command("migrate", verbosity=0, skip_checks=False, stderr=io.StringIO())
    assert missing() == []


def test_an_actor_of_one_action_is_not_the_actor_of_the_next(demo: None):
    rita, bio = User.objects.get(username="registrar"), Course.objects.first()
    with transaction.atomic():
        with recording(source="job", actor=rita):
            type(bio).objects.update(title="First")
        type(bio).objects.filter(pk=bio.pk).update(title="Second")
    second, first = bio.history.order_by("-history_id")[:2]
    assert (first.title, first.history_user) == ("First", rita)
    assert (second.title, second.history_user_id, second.change_set.source) == (
        "Second",
        None,
        "sql",
    )


@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite is written by the product alone")
def test_whoever_writes_sql_can_sign_it(demo: None):
    course = Course.objects.first()
    context = {"deed": str(uuid4()), "source": "sql", "actor_name": "Ada", "reason": "Ticket 17"}
    with transaction.atomic(), connection.connection.cursor() as cursor:  # as psql: ours says more
        cursor.execute("SELECT set_config('backoffice.deed', %s, true)", [json.dumps(context)])
        for title in ("Wrong", "Right"):
            cursor.execute("UPDATE courses_course SET title = %s WHERE id = %s", [title, course.pk])
    second, first = course.history.order_by("-history_id")[:2]
    assert (first.title, second.title) == ("Wrong", "Right")
    assert first.change_set_id == second.change_set_id
    change_set = second.change_set
    assert (change_set.actor_name, change_set.reason, change_set.source) == (
        "Ada",
        "Ticket 17",
        "sql",
    )


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite refuses that a key is changed")
def test_a_row_under_another_key_ends_under_the_old_one(demo: None, count: int):
    tags = [CourseTag.objects.create(name=f"tag {number}") for number in range(count)]
    keys = [tag.pk for tag in tags]
    with connection.cursor() as cursor:
        # Of several, one keeps its key.
        moved = keys[:1] if count == 1 else keys[1:]
        cursor.execute(
            "UPDATE courses_coursetag SET description = 'Moved', id = "
            "CASE WHEN id = ANY(%s) THEN id + 10000 ELSE id END WHERE id = ANY(%s)",
            [moved, keys],
        )
    rows = CourseTag.history.filter(name__startswith="tag ").order_by("history_id")
    versions = {(row.id, row.history_type) for row in rows[count:]}
    assert len(rows) == count + count + len(moved)
    assert versions == {
        *((key, "~") for key in keys if key not in moved),
        *((key, "-") for key in moved),
        *((key + 10_000, "+") for key in moved),
    }
