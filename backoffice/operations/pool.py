"""How the connection pool of this process is doing."""

from typing import Any

from dj_db_conn_pool.core import pool_container
from django.db import connections
from django.utils.translation import gettext as _


def get_pool_statistics(alias: str = "default") -> dict[str, Any]:
    """Numbers of this process's pool, as plain data; each process has a pool of its own.

    Keys: `engine`, `available` (whether there is a pool), `message`, and with a pool `size`,
    `max_overflow`, `checked_out`, `checked_in`, `overflow`, `limit`, `usage_percent`, `timeout`
    and `recycle` (seconds).
    """
    wrapper = connections[alias]
    stats: dict[str, Any] = {"engine": wrapper.vendor, "available": False}
    if wrapper.vendor != "postgresql":
        return stats | {"message": _("SQLite has no connection pool; there is nothing to count.")}
    wrapper.ensure_connection()
    return stats | _numbers(alias, wrapper.settings_dict["POOL_OPTIONS"])


def _numbers(alias: str, options: dict[str, Any]) -> dict[str, Any]:
    pool = pool_container.get(alias)
    limit = options["POOL_SIZE"] + options["MAX_OVERFLOW"]
    out = pool.checkedout()
    return {
        "available": True,
        "message": _("%(out)d of %(limit)d connections are in use.") % {"out": out, "limit": limit},
        "size": options["POOL_SIZE"],
        "max_overflow": options["MAX_OVERFLOW"],
        "checked_out": out,
        "checked_in": pool.checkedin(),
        # The library counts from minus the pool's size up; below zero nothing overflows.
        "overflow": max(pool.overflow(), 0),
        "limit": limit,
        "usage_percent": round(100 * out / limit, 1),
        "timeout": options["TIMEOUT"],
        "recycle": options["RECYCLE"],
    }


def connections_by_state(alias: str = "default") -> list[tuple[str, int]]:
    """How many connections of all processes this database has, by state; empty on SQLite."""
    wrapper = connections[alias]
    if wrapper.vendor != "postgresql":
        return []
    with wrapper.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
            " GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return list(cursor.fetchall())
