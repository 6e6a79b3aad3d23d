"""Whether the database answers, and what it is; the address that load balancers ask."""

import time
from typing import Any

from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

EXTENSIONS = ("vector", "pg_trgm", "btree_gin")


def check_database_health(alias: str = "default") -> dict[str, Any]:
    """Ask the database a question, as plain data.

    Keys: `status` ("healthy" or "unhealthy"), `engine`, `message`, and where it answers `version`,
    `response_ms`, `pending_migrations` and, on PostgreSQL, `extensions`.
    """
    wrapper = connections[alias]
    report: dict[str, Any] = {"status": "unhealthy", "engine": wrapper.vendor}
    start = time.perf_counter()
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT 1")
            answered = round((time.perf_counter() - start) * 1000, 2)
            report |= _facts(cursor, wrapper) | {"response_ms": answered}
    except DatabaseError as error:
        return report | {"message": str(error).strip().partition("\n")[0]}
    missing = [name for name in EXTENSIONS if name not in report.get("extensions", EXTENSIONS)]
    if missing:
        message = _("The extensions %(names)s are missing.") % {"names": ", ".join(missing)}
        return report | {"message": message}
    return report | {"status": "healthy", "message": _("The database answers.")}


def _facts(cursor: Any, wrapper: Any) -> dict[str, Any]:
    executor = MigrationExecutor(wrapper)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    facts: dict[str, Any] = {"pending_migrations": len(plan)}
    if wrapper.vendor != "postgresql":
        cursor.execute("SELECT sqlite_version()")
        return facts | {"version": f"SQLite {cursor.fetchone()[0]}"}
    cursor.execute("SHOW server_version")
    facts["version"] = f"PostgreSQL {cursor.fetchone()[0]}"
    cursor.execute("SELECT extname FROM pg_extension ORDER BY extname")
    return facts | {"extensions": [name for (name,) in cursor.fetchall()]}


def healthz(_request: HttpRequest) -> JsonResponse:
    """A word for load balancers: 200 and "ok", or 503 and "unavailable"; nothing else is told."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})
