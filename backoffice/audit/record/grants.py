"""What the application's database role may do: everything but alter the record.

On PostgreSQL the tables belong to an owner, DATABASE_OWNER_USER, as which migrations run; the
application connects with a role that owns nothing. The rights follow from the models: a history
table, and a model that says `is_append_only`.
"""

from typing import Any

from django.core.checks import Tags, Warning, register
from django.core.management.base import CommandError
from django.db import DatabaseError, ProgrammingError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import BigAutoField
from psycopg2.extensions import encrypt_password

from backoffice.audit.record.install import (
    append_only_models,
    append_only_tables,
    history_tables,
)
from backoffice.audit.record.postgres_triggers import WORK

SCHEMA = "public"
RIGHTS = (
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema}, {work} FROM {role}",
    "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}",
    "GRANT USAGE ON SCHEMA {schema}, {work} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}, {work} TO {role}",
    "GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
)


def grant(using: str = "default") -> None:
    """Give the application's role its rights, and make it where there is no such role.

    Raises CommandError where there is none and the owner may not make it.
    """
    known = connections.settings[using]
    connection = connections[using]
    with transaction.atomic(using), connection.cursor() as cursor:
        _make_role(cursor, known["USER"], known["PASSWORD"])
        names = {"schema": SCHEMA, "work": WORK, "role": connection.ops.quote_name(known["USER"])}
        for sql in RIGHTS:
            cursor.execute(sql.format(**names))
        there = set(connection.introspection.table_names(cursor))
        read = {*_written_by_others(), MigrationRecorder.Migration._meta.db_table}
        for table in there & read:
            _narrow(cursor, table, "SELECT", names["role"])
        for model in append_only_models():
            if model._meta.db_table in there - read:
                rights = f"SELECT, INSERT ({_insertable(model)})"
                _narrow(cursor, model._meta.db_table, rights, names["role"])


def _written_by_others() -> list[str]:
    """The tables of the record that the application reads and does not write.

    Triggers write histories and change sets with their owner's rights; the owner's own commands
    write what was removed and forgotten.
    """
    names = ("is_written_by_database", "is_written_by_owner")
    models = (m for m in append_only_models() if any(getattr(m, name, False) for name in names))
    return [*history_tables(), *(model._meta.db_table for model in models)]


def _insertable(model: Any) -> str:
    # Whoever chose a key beyond the counter would write a row that is not sealed for years.
    fields = (f for f in model._meta.concrete_fields if not isinstance(f, BigAutoField))
    return ", ".join(f'"{field.column}"' for field in fields)


def _make_role(cursor: Any, role: str, password: str) -> None:
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is not None:
        return
    name = cursor.db.ops.quote_name(role)
    sql = f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
    secret = encrypt_password(password, role, cursor.cursor, "scram-sha-256") if password else None
    try:
        with transaction.atomic(cursor.db.alias):
            cursor.execute(f"{sql} PASSWORD %s" if secret else sql, [secret] if secret else None)
    except ProgrammingError as error:
        raise CommandError(
            f"There is no database role {role}, and the owner of the tables may not make it. A "
            f"superuser does: {sql} PASSWORD '…'; then run migrate again."
        ) from error


def _narrow(cursor: Any, table: str, rights: str, role: str) -> None:
    cursor.execute(f'REVOKE ALL ON "{table}" FROM {role}')
    cursor.execute(f'GRANT {rights} ON "{table}" TO {role}')
    cursor.execute(
        "SELECT d.objid::regclass::text FROM pg_depend d "
        "JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' "
        "WHERE d.refobjid = %s::regclass AND d.deptype IN ('a', 'i')",
        [f'"{table}"'],
    )
    for (sequence,) in cursor.fetchall():
        # Nobody sets back the counter of a table's ids either.
        cursor.execute(f"REVOKE UPDATE ON SEQUENCE {sequence} FROM {role}")


def why_alterable(using: str = "default") -> str:
    """Why the application's role could alter the record; blank where it cannot."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname, r.rolsuper, bool_or(pg_has_role(r.oid, c.relowner, 'MEMBER')), "
            "bool_or(has_table_privilege(r.oid, c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')), "
            f"has_schema_privilege(r.oid, '{SCHEMA}', 'CREATE') "
            "FROM pg_roles r, pg_class c WHERE r.rolname = coalesce(%s, current_user) "
            "AND c.relnamespace = %s::regnamespace AND c.relname = ANY (%s) GROUP BY r.oid, 1, 2",
            [
                # The role of the settings: a command may be connected as the owner.
                connections.settings[using]["USER"] or None,
                SCHEMA,
                [*history_tables(), *append_only_tables()],
            ],
        )
        row = cursor.fetchone()
    return _why(*row) if row else ""


def _why(role: str, is_super: bool, owns: bool, changes: bool, creates: bool) -> str:
    reasons = {
        "is a superuser": is_super,
        "owns its tables": owns,
        "may change or empty its tables": changes,
        f"may create objects in the schema {SCHEMA}": creates,
    }
    return next((f"{role} {why}" for why, holds in reasons.items() if holds), "")


@register(Tags.database)
def check_role(databases: Any = None, **_kwargs: Any) -> list[Warning]:
    """`manage.py check --database default`: the application cannot alter the record."""
    try:
        reasons = [why for alias in databases or () if (why := why_alterable(alias))]
    except DatabaseError:
        return []  # that there is no database, or not yet, others say
    return [
        # No error: with one role for everything the product works.
        Warning(
            f"The application could alter the record of changes: its database role {why}.",
            hint="Set DATABASE_OWNER_USER to the role that owns the tables, DATABASE_USER to "
            "another, and run: python manage.py migrate",
            id="audit.W002",
        )
        for why in reasons
    ]
