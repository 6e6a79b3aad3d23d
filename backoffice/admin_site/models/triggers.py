"""Puts the triggers of rules and derived columns on their tables, after every migrate."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.checks import Tags, Warning, register
from django.db import DatabaseError, connections, models
from django.db.migrations.operations.base import Operation
from django.db.models.sql import Query

from backoffice.admin_site.models.rules import names_in
from backoffice.admin_site.models.trigger_rules import DerivedColumn, LenientRowRule

# What the record puts in front of every statement that writes; see audit/record/session_context.py.
BY_UNDO = {
    "postgresql": (
        "coalesce(nullif(current_setting('backoffice.deed', true), ''), '{}')::jsonb->>'source' "
        "IS NOT DISTINCT FROM 'undo'"
    ),
    "sqlite": "coalesce(json_extract(backoffice_deed(), '$.source'), '') = 'undo'",
}


@dataclass(frozen=True)
class Trigger:
    """One trigger of a table, as each of the two databases writes it."""

    name: str
    table: str
    event: str  # "INSERT", or "UPDATE OF …"
    when: str  # SQL over OLD and NEW, blank for always
    body: str  # a condition that is refused, or a statement
    rule: str = ""  # the rule whose condition it is
    is_after: bool = False

    @property
    def is_of_new_rows(self) -> bool:
        return self.event == "INSERT"

    def statements(self, vendor: str) -> list[str]:
        """SQL: what puts it on its table, in the place of the one that was there."""
        return self._postgres() if vendor == "postgresql" else self._sqlite()

    def mark(self, vendor: str) -> str:
        """What tells one version of the trigger from another."""
        if vendor == "sqlite":
            return self._sqlite()[-1]
        return hashlib.sha256("\n".join(self._made_in_postgres()).encode()).hexdigest()

    def _postgres(self) -> list[str]:
        comment = (
            f"""COMMENT ON TRIGGER {self.name} ON "{self.table}" IS '{self.mark("postgresql")}'"""
        )
        return [*self._made_in_postgres(), comment]

    def _made_in_postgres(self) -> list[str]:
        run = f"{self.body};"
        if self.rule:
            run = (
                f"IF ({self.body}) AND NOT ({BY_UNDO['postgresql']}) THEN RAISE EXCEPTION "
                f"'The row breaks the rule {self.rule}.' USING ERRCODE = 'check_violation', "
                f"CONSTRAINT = '{self.rule}', TABLE = '{self.table}'; END IF;"
            )
        when = f"WHEN ({self.when}) " if self.when else ""
        moment = "AFTER" if self.is_after else "BEFORE"
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = public, pg_temp AS $body$ BEGIN {run} RETURN NEW; END $body$",
            f'CREATE OR REPLACE TRIGGER {self.name} {moment} {self.event} ON "{self.table}" '
            f"FOR EACH ROW {when}EXECUTE FUNCTION {self.name}()",
        ]

    def _sqlite(self) -> list[str]:
        conditions = [f"({self.when})"] if self.when else []
        body, moment = self.body, "AFTER"
        if self.rule:
            conditions += [f"({body})", f"NOT ({BY_UNDO['sqlite']})"]
            # In the words of SQLite's own checks.
            body = f"SELECT RAISE(ABORT, 'CHECK constraint failed: {self.rule}')"
            moment = "BEFORE"
        when = f"WHEN {' AND '.join(conditions)} " if conditions else ""
        return [
            f"DROP TRIGGER IF EXISTS {self.name}",
            f'CREATE TRIGGER {self.name} {moment} {self.event} ON "{self.table}" '
            f"FOR EACH ROW {when}BEGIN {body}; END",
        ]


class TriggersOf:
    """The triggers that a model declares, for the database of a connection."""

    def __init__(self, model: Any, connection: Any) -> None:
        self.model, self.connection = model, connection
        self.table = model._meta.db_table
        self.is_postgres = connection.vendor == "postgresql"
        self.differs = "IS DISTINCT FROM" if self.is_postgres else "IS NOT"

    def __iter__(self) -> Iterator[Trigger]:
        for rule in self.model._meta.constraints:
            if isinstance(rule, LenientRowRule):
                broken = f"NOT coalesce(({self._sql_of(rule)}), true)"
                yield from self._refusing(rule.name, sorted(names_in(rule.condition)), broken)
        for rule in getattr(self.model, "trigger_rules", ()):
            made = self._refusing(rule.name, rule.watches, rule.broken.format(row="NEW"))
            yield from (each for each in made if not (rule.comes_first and each.is_of_new_rows))
        for derived in getattr(self.model, "derived_columns", ()):
            yield from self._deriving(derived)
            for reference, names in derived.sources:
                yield self._following(derived, reference, names)

    def _sql_of(self, rule: LenientRowRule) -> str:
        assert isinstance(rule.condition, models.Q)  # all of ours are
        query = Query(self.model)
        compiler = query.get_compiler(connection=self.connection)
        sql, params = query.build_where(rule.condition).as_sql(compiler, self.connection)
        quote = self.connection.schema_editor().quote_value
        return (sql % tuple(map(quote, params))).replace(f'"{self.table}".', "NEW.")

    def _columns(self, names: Sequence[str]) -> list[str]:
        return [self.model._meta.get_field(name).column for name in names]

    def _changed(self, columns: Sequence[str]) -> str:
        return " OR ".join(f'OLD."{c}" {self.differs} NEW."{c}"' for c in columns)

    def _events(self, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        columns = self._columns(names)
        yield "new", "INSERT", ""
        yield "old", _update_of(columns), self._changed(columns)

    def _refusing(self, name: str, watches: Sequence[str], broken: str) -> Iterator[Trigger]:
        for kind, event, when in self._events(watches):
            yield Trigger(f"rule_{name}_{kind}", self.table, event, when, broken, rule=name)

    def _deriving(self, derived: DerivedColumn) -> Iterator[Trigger]:
        (column,) = self._columns([derived.field])
        value = derived.value.format(row="NEW")
        if self.is_postgres:
            body, wrong = f'NEW."{column}" := {value}', ""
        else:
            # SQLite writes nothing into a row before it is stored.
            body = f'UPDATE "{self.table}" SET "{column}" = {value} WHERE rowid = NEW.rowid'
            wrong = f'NEW."{column}" IS NOT {value}'
        for kind, event, changed in self._events([*derived.watches, derived.field]):
            when = " AND ".join(f"({each})" for each in (changed, wrong) if each)
            yield Trigger(f"derive_{derived.name}_{kind}", self.table, event, when, body)

    def _following(self, derived: DerivedColumn, reference: str, names: Sequence[str]) -> Trigger:
        (column,) = self._columns([derived.field])
        key = self.model._meta.get_field(reference)
        source = TriggersOf(key.related_model, self.connection)
        value = derived.value.format(row=f'"{self.table}"')
        body = (
            f'UPDATE "{self.table}" SET "{column}" = {value} WHERE "{key.column}" = NEW."id" '
            f'AND "{column}" {self.differs} {value}'
        )
        columns = source._columns(names)
        name, when = f"derive_{derived.name}_{reference}", source._changed(columns)
        return Trigger(name, source.table, _update_of(columns), when, body, is_after=True)


def _update_of(columns: Sequence[str]) -> str:
    return "UPDATE OF " + ", ".join(f'"{column}"' for column in columns)


def _declaring_models() -> list[type[models.Model]]:
    """The models whose tables are Django's to make, and that declare triggers."""
    found: list[Any] = [model for model in apps.get_models() if model._meta.managed]
    return [
        model
        for model in found
        if getattr(model, "trigger_rules", None)
        or getattr(model, "derived_columns", None)
        or any(isinstance(rule, LenientRowRule) for rule in model._meta.constraints)
    ]


def _installable(connection: Any) -> Iterator[Trigger]:
    """The triggers of all tables that stand as the models say: on the way back some do not."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        wanted = _declaring_models()
        for model in wanted:
            if model._meta.db_table not in tables:
                return
            described = connection.introspection.get_table_description(cursor, model._meta.db_table)
            if not {field.column for field in model._meta.concrete_fields} <= {
                column.name for column in described
            }:
                return
    for model in wanted:
        yield from TriggersOf(model, connection)


def install(using: str = "default", **_kwargs: Any) -> None:
    """Put on the tables what is missing there, or differs."""
    connection = connections[using]
    for trigger in missing(connection):
        with connection.cursor() as cursor:
            for statement in trigger.statements(connection.vendor):
                cursor.execute(statement)


def missing(connection: Any) -> list[Trigger]:
    """The triggers that are not on their tables as they are declared."""
    triggers = list(_installable(connection))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT t.tgname, coalesce(obj_description(t.oid, 'pg_trigger'), '') "
                "FROM pg_trigger t WHERE t.tgname ~ '^(rule|derive)_' AND t.tgenabled <> 'D'"
            )
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        known = dict(cursor.fetchall())
    return [each for each in triggers if known.get(each.name) != each.mark(connection.vendor)]


def remove(using: str = "default", **_kwargs: Any) -> None:
    """Take all triggers off their tables, and the functions with them."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT DISTINCT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
                "WHERE t.tgname ~ '^(rule|derive)_'"
            )
            template = "DROP FUNCTION IF EXISTS {}() CASCADE"
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' "
                "AND (name LIKE 'rule\\_%' ESCAPE '\\' OR name LIKE 'derive\\_%' ESCAPE '\\')"
            )
            template = "DROP TRIGGER IF EXISTS {}"
        for (name,) in cursor.fetchall():
            cursor.execute(template.format(name))


def remove_from_sqlite(using: str = "default", **_kwargs: Any) -> None:
    # To alter a table SQLite rebuilds it, which triggers forbid.
    if connections[using].vendor == "sqlite":
        remove(using)


class RemoveTriggersBackwards(Operation):
    """On the way back takes the triggers away, whose functions know columns that go then."""

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The triggers are in no state."""

    def database_forwards(self, *_args: Any) -> None:
        """They come after all migrations."""

    def database_backwards(
        self, _app_label: str, schema_editor: Any, _from_state: Any, _to_state: Any
    ) -> None:
        remove(schema_editor.connection.alias)

    def describe(self) -> str:
        return "Take the triggers of rules away on the way back"


@register(Tags.database)
def check_triggers(databases: Any = None, **_kwargs: Any) -> list[Warning]:
    """`manage.py check --database default --fail-level WARNING`: every rule is kept."""
    try:
        names = [each.name for alias in databases or () for each in missing(connections[alias])]
    except DatabaseError:
        # No error: `migrate`, which puts the triggers there, runs this check before it begins.
        return []
    if not names:
        return []
    return [
        Warning(
            f"The database does not keep these rules as it should: {', '.join(names)}.",
            hint="Run: python manage.py migrate",
            id="admin_site.W001",
        )
    ]
