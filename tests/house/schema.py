"""The schema of a database as sorted text, one line each, to be compared with what is stored.

Left out are the order of a table's columns and the bodies of functions. Run as a program, it makes
the tables of the first migrations in an empty DATABASE_URL and prints their schema.
"""

import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import django
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

POSTGRES = {
    "extension": "SELECT extname FROM pg_extension",
    "table": (
        "SELECT format('%s kind %s', c.oid::regclass, c.relkind) FROM pg_class c"
        " WHERE c.relkind IN ('r', 'v', 'm', 'p') AND c.relnamespace IN ({schemas})"
    ),
    "column": (
        "SELECT format('%s.%s %s%s%s%s%s', c.oid::regclass, a.attname,"
        " format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,"
        " ' identity ' || nullif(a.attidentity::text, ''),"
        " ' generated ' || nullif(a.attgenerated::text, ''),"
        " ' default ' || pg_get_expr(d.adbin, d.adrelid))"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ({schemas})"
        " AND a.attnum > 0 AND NOT a.attisdropped"
    ),
    "constraint": (
        "SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
        " FROM pg_constraint WHERE connamespace IN ({schemas}) AND contype <> 'n' AND conrelid <> 0"
    ),
    "index": (
        "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " WHERE c.relnamespace IN ({schemas})"
    ),
    "trigger": (
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND c.relnamespace IN ({schemas})"
    ),
    "function": (
        "SELECT format('%s returns %s%s', p.oid::regprocedure, pg_get_function_result(p.oid),"
        " CASE WHEN p.prosecdef THEN ' as its owner' END) FROM pg_proc p"
        " WHERE p.pronamespace IN ({schemas}) AND NOT EXISTS (SELECT FROM pg_depend d"
        " WHERE d.objid = p.oid AND d.deptype = 'e')"
    ),
}
SCHEMAS = "'public'::regnamespace, 'backoffice_work'::regnamespace"
SQLITE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
PERMISSIONS = (
    "SELECT c.app_label || '.' || p.codename || ' ' || p.name FROM auth_permission p"
    " JOIN django_content_type c ON c.id = p.content_type_id"
)
# A field made unique later has another name for that than one made unique; nobody refers to it.
MADE_NAME = re.compile(r"\b(\w+)_[0-9a-f]{8}_uniq\b")


def describe(cursor: Any) -> str:
    """The schema this cursor sees, with the permissions the models made."""
    if cursor.db.vendor == "postgresql":
        queries = {kind: sql.replace("{schemas}", SCHEMAS) for kind, sql in POSTGRES.items()}
        lines = [f"{kind} {row}" for kind, sql in queries.items() for row in _column(cursor, sql)]
    else:
        cursor.execute(SQLITE)
        lines = [line for row in cursor.fetchall() for line in _sqlite_lines(*row)]
    lines += [f"permission {row}" for row in _column(cursor, PERMISSIONS)]
    lines = [MADE_NAME.sub(r"\1_key", " ".join(line.split())) for line in lines]
    return "\n".join(sorted(lines)) + "\n"


def _column(cursor: Any, sql: str) -> list[str]:
    cursor.execute(sql)
    return [row for (row,) in cursor.fetchall()]


def _sqlite_lines(kind: str, name: str, table: str, sql: str) -> Iterator[str]:
    yield f"{kind} {name} on {table}"
    if kind == "table":
        body = sql[sql.index("(") + 1 : sql.rindex(")")]
        yield from (f"part of {name}: {part}" for part in _parts(body))
    elif kind != "trigger":
        yield f"{kind} {name}: {sql}"


def _parts(body: str) -> list[str]:
    """Columns and constraints of a table: what stands between commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for place in re.finditer(r"'[^']*'|[(),]", body):
        depth += {"(": 1, ")": -1}.get(place[0], 0)
        if place[0] == "," and not depth:
            parts.append(body[start : place.start()].strip())
            start = place.end()
    return [*parts, body[start:].strip()]


def make_first_tables() -> None:
    """Run the first migrations of our apps, all of the libraries', and what follows a migrate."""
    executor = MigrationExecutor(connection)
    own_labels = {app.label for app in apps.get_app_configs() if app.name.startswith("backoffice.")}
    keys = sorted(executor.loader.disk_migrations)
    first = dict(key for key in keys if key[1].endswith("_initial"))  # of two, the second
    others = [key for key in executor.loader.graph.leaf_nodes() if key[0] not in own_labels]
    executor.migrate(others + [key for key in first.items() if key[0] in own_labels])
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


if __name__ == "__main__":
    os.environ["DJANGO_ENV"] = "test"
    os.environ["DJANGO_SETTINGS_MODULE"] = "backoffice.settings"
    django.setup()
    make_first_tables()
    with connection.cursor() as opened:
        sys.stdout.write(describe(opened))
