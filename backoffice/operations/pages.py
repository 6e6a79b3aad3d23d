"""The health page and the pool page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.health import failed_checks, run_checks
from backoffice.admin_site.pages.registry import page
from backoffice.operations.health import check_database_health
from backoffice.operations.pool import connections_by_state, get_pool_statistics

HEALTH, POOL = gettext_lazy("Health"), gettext_lazy("Connection pool")


@page("health", HEALTH, "monitor_heart", badge=lambda _request: failed_checks())
def health(request: HttpRequest) -> HttpResponse:
    report = check_database_health()
    facts = [
        (_("Database"), report.get("version", report["engine"])),
        (_("Extensions"), ", ".join(report.get("extensions", ())) or _("none; SQLite needs none")),
    ]
    return _response(request, "health", HEALTH, {"checks": run_checks(), "facts": facts})


@page("pool", POOL, "lan")
def pool(request: HttpRequest) -> HttpResponse:
    stats = get_pool_statistics()
    context = {"pool": stats, "facts": _settings_of(stats), "by_state": connections_by_state()}
    return _response(request, "pool", POOL, context)


def _settings_of(stats: dict[str, Any]) -> list[tuple[str, str]]:
    if not stats["available"]:
        return []
    return [
        (_("Kept open (DATABASE_MIN_CONNS)"), str(stats["size"])),
        (_("At most (DATABASE_MAX_CONNS)"), str(stats["limit"])),
        (_("Waits for a free one (DATABASE_POOL_TIMEOUT)"), _("%d s") % stats["timeout"]),
        (_("Replaced after (DATABASE_POOL_RECYCLE)"), _("%d min") % (stats["recycle"] // 60)),
    ]


def _response(request: HttpRequest, name: str, title: Any, context: dict[str, Any]) -> HttpResponse:
    site = admin.site.each_context(request)
    return TemplateResponse(request, f"operations/{name}.html", {**site, "title": title, **context})
