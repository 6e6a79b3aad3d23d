"""Puts the triggers on the tables after every migrate, and reports where they are missing."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import Tags, Warning, register
from django.db import DatabaseError, connections

from backoffice.audit.models import Audited
from backoffice.audit.record import postgres_triggers, sqlite_triggers

EVENTS = ("insert", "update", "delete", "truncate")


def audited_models() -> list[type[Audited]]:
    """The models with a history whose tables are Django's to make."""
    return [m for m in apps.get_models() if issubclass(m, Audited) and m._meta.managed]


def append_only_models() -> list[Any]:
    """The models of the record whose rows nobody changes, except histories."""
    return [model for model in apps.get_models() if getattr(model, "is_append_only", False)]


def history_tables() -> list[str]:
    return [model.history.model._meta.db_table for model in audited_models()]


def append_only_tables() -> list[str]:
    return [model._meta.db_table for model in append_only_models()]


def _stamped_tables() -> list[str]:
    models = (model for model in append_only_models() if getattr(model, "set_by_database", ()))
    return [model._meta.db_table for model in models]


def install(using: str = "default", **_kwargs: Any) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        audited = [model for model in audited_models() if _has_tables(model, tables)]
        if connection.vendor == "postgresql":
            _install_postgres(cursor, audited, tables)
        elif connection.vendor == "sqlite":
            for model in audited:
                for statement in sqlite_triggers.statements(model):
                    cursor.execute(statement)


def remove_from_sqlite(using: str = "default", **_kwargs: Any) -> None:
    # To alter a table SQLite rebuilds it, which triggers forbid.
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for model in audited_models():
                for name in sqlite_triggers.names(model):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def _has_tables(model: type[Audited], tables: set[str]) -> bool:
    needed = {model._meta.db_table, model.history.model._meta.db_table, postgres_triggers.TABLE}
    return needed <= tables


def _install_postgres(cursor: Any, audited: list[type[Audited]], tables: set[str]) -> None:
    if not audited or not _has_column(cursor, "deed"):
        return
    known = _known(cursor)
    cursor.execute(postgres_triggers.CHANGE_SET_SQL)
    cursor.execute(postgres_triggers.APPEND_ONLY_SQL)
    for table in append_only_tables():
        if table in tables:
            cursor.execute(postgres_triggers.append_only_sql(table))
    for statement in _stamps(cursor):
        cursor.execute(statement)
    (protected,) = _tables_with(cursor, "record_kept")
    for model in audited:
        if not _is_recorded(model, known, protected):
            for statement in postgres_triggers.statements(model):
                cursor.execute(statement)
            name = postgres_triggers.function_of(model)
            cursor.execute(f"COMMENT ON FUNCTION {name}() IS %s", [mark_of(model)])


def _has_column(cursor: Any, column: str) -> bool:
    # On the way back to an old migration the column may not be there yet.
    cursor.execute(
        "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s",
        [postgres_triggers.TABLE, column],
    )
    return cursor.fetchone() is not None


def _stamps(cursor: Any) -> Iterator[str]:
    """SQL: what makes the database fill in who made a row of the record, and when."""
    if not _has_column(cursor, "transaction_id"):
        return
    yield postgres_triggers.STAMP_SQL
    yield postgres_triggers.DEMO_SQL
    for model in append_only_models():
        if columns := getattr(model, "set_by_database", ()):
            yield postgres_triggers.stamp_sql(model._meta.db_table, columns)
    yield postgres_triggers.DEMO_TRIGGER


def mark_of(model: type[Audited]) -> str:
    """What tells one version of a table's triggers from another."""
    sql = "\n".join(postgres_triggers.statements(model))
    return hashlib.sha256(sql.encode()).hexdigest()


def _known(cursor: Any) -> dict[str, tuple[str, int]]:
    """The functions that are there: their marks, and how many enabled triggers call each."""
    cursor.execute(
        "SELECT p.proname, coalesce(obj_description(p.oid, 'pg_proc'), ''), count(t.oid) "
        "FROM pg_proc p LEFT JOIN pg_trigger t ON t.tgfoid = p.oid AND t.tgenabled <> 'D' "
        "WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'record\\_%%' "
        "GROUP BY 1, 2"
    )
    return {name: (mark, count) for name, mark, count in cursor.fetchall()}


def _tables_with(cursor: Any, *triggers: str) -> list[set[str]]:
    """The tables that have each of these triggers, switched on."""
    cursor.execute(
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE t.tgname = ANY (%s) AND t.tgenabled <> 'D'",
        [list(triggers)],
    )
    pairs = cursor.fetchall()
    return [{table for name, table in pairs if name == trigger} for trigger in triggers]


def _is_recorded(
    model: type[Audited], known: dict[str, tuple[str, int]], protected: set[str]
) -> bool:
    is_written = known.get(postgres_triggers.function_of(model)) == (mark_of(model), len(EVENTS))
    return is_written and model.history.model._meta.db_table in protected


def missing(using: str = "default") -> list[str]:
    """The audited tables whose triggers are missing, switched off or out of date."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        audited = [model for model in audited_models() if _has_tables(model, tables)]
        if connection.vendor == "postgresql":
            known = _known(cursor)
            protected, stamped = _tables_with(cursor, "record_kept", "record_stamp")
            unstamped = [t for t in _stamped_tables() if t in (tables & protected) - stamped]
            open_to_all = [table for table in append_only_tables() if table in tables - protected]
            changed = [model for model in audited if not _is_recorded(model, known, protected)]
            return [*open_to_all, *unstamped, *(model._meta.db_table for model in changed)]
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return list(_missing_from_sqlite(audited, dict(cursor.fetchall())))


def _missing_from_sqlite(audited: list[type[Audited]], known: dict[str, str]) -> Iterator[str]:
    for model in audited:
        expected = [s for s in sqlite_triggers.statements(model) if s.startswith("CREATE")]
        if [known.get(name) for name in sqlite_triggers.names(model)] != expected:
            yield model._meta.db_table


@register(Tags.database)
def check_triggers(databases: Any = None, **_kwargs: Any) -> list[Warning]:
    """`manage.py check --database default --fail-level WARNING`: every table records itself."""
    try:
        tables = [table for alias in databases or () for table in missing(alias)]
    except DatabaseError:
        # No error: `migrate`, which puts the triggers there, runs this check before it begins.
        return []  # that there is no database, or not yet, others say
    if not tables:
        return []
    return [
        Warning(
            f"Changes of these tables are not recorded as they should be: {', '.join(tables)}.",
            hint="Run: python manage.py migrate",
            id="audit.W001",
        )
    ]
