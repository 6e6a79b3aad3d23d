"""The checks of database, pool and storage."""

import os
from pathlib import Path
from tempfile import TemporaryFile, gettempdir

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.models.full_disk import free_bytes
from backoffice.admin_site.pages.health import CheckResult, health_check
from backoffice.operations.health import check_database_health
from backoffice.operations.metrics import UnusableToken, read_token
from backoffice.operations.pool import get_pool_statistics

SLOW = 100  # milliseconds for the simplest question
FULL = 80  # percent of the pool
TOO_LITTLE = 5  # the part of what is little


@health_check(gettext_lazy("Database"), order=10)
def database() -> CheckResult:
    report = check_database_health()
    if report["status"] != "healthy":
        return CheckResult.failed(report["message"])
    milliseconds = report["response_ms"]
    detail = _("%(version)s answers in %(ms)s ms.") % {
        "version": report["version"],
        "ms": milliseconds,
    }
    return CheckResult.warning(detail) if milliseconds > SLOW else CheckResult.good(detail)


@health_check(gettext_lazy("Migrations"), order=20)
def migrations() -> CheckResult:
    count = check_database_health().get("pending_migrations", 0)
    if not count:
        return CheckResult.good(_("The tables are up to date."))
    message = ngettext(
        "%(count)s migration is missing. Run: python manage.py migrate",
        "%(count)s migrations are missing. Run: python manage.py migrate",
        count,
    )
    return CheckResult.failed(message % {"count": count})


@health_check(gettext_lazy("Connection pool"), order=30)
def pool() -> CheckResult:
    stats = get_pool_statistics()
    is_full = stats["available"] and stats["usage_percent"] >= FULL
    return CheckResult.warning(stats["message"]) if is_full else CheckResult.good(stats["message"])


@health_check(gettext_lazy("Connections of the server"), order=40)
def server_connections() -> CheckResult:
    if connection.vendor != "postgresql":
        return CheckResult.good(_("SQLite is a file; nobody connects to it."))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity"
            " WHERE backend_type = 'client backend'"
        )
        used, most = cursor.fetchone()
    detail = _("%(used)s of %(most)s are in use.") % {"used": used, "most": most}
    return CheckResult.warning(detail) if 100 * used >= FULL * most else CheckResult.good(detail)


@health_check(gettext_lazy("Private files"), order=50)
def private_files() -> CheckResult:
    root = Path(settings.PRIVATE_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryFile(dir=root) as file:
        file.write(os.urandom(16))
    return CheckResult.good(_("Can be written."))


@health_check(gettext_lazy("Free space"), order=51)
def free_space() -> CheckResult:
    """Uploads and exports go through the folder of temporary files."""
    folders = {
        Path(settings.PRIVATE_ROOT): _("the private files"),
        Path(gettempdir()): _("temporary files"),
    }
    if connection.vendor == "sqlite":
        folders[Path(connection.settings_dict["NAME"]).parent] = _("the database")
    free, what = min((free_bytes(folder), name) for folder, name in folders.items())
    detail = _("%(free)s are free for %(what)s.") % {"free": filesizeformat(free), "what": what}
    little = settings.LOW_DISK_BYTES
    if free >= little:
        return CheckResult.good(detail)
    detail += " " + _("Uploads are refused when nothing is left. Free some space.")
    is_failed = free < little // TOO_LITTLE
    return CheckResult.failed(detail) if is_failed else CheckResult.warning(detail)


@health_check(gettext_lazy("Metrics"), order=52)
def metrics_token() -> CheckResult:
    try:
        token = read_token()
    except UnusableToken as error:
        return CheckResult.failed(str(error))
    if not token:
        return CheckResult.good(_("/metrics is for the allowed addresses, asked without a proxy."))
    return CheckResult.good(
        _("/metrics is for the allowed addresses, and for whoever has the token.")
    )
