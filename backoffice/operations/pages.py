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


def _failed(_request: HttpRequest) -> int:
    return failed_checks()


@page("health", HEALTH, "monitor_heart", badge=_failed)
def health(request: HttpRequest) -> HttpResponse:
    """Every check with what it found."""
    told = check_database_health()
    facts = [
        (_("Database"), told.get("version", told["engine"])),
        (_("Extensions"), ", ".join(told.get("extensions", ())) or _("none; SQLite needs none")),
    ]
    return _shown(request, "health", HEALTH, {"checks": run_checks(), "facts": facts})


@page("pool", POOL, "lan")
def pool(request: HttpRequest) -> HttpResponse:
    """The pool's numbers, and who holds connections at the server."""
    told = get_pool_statistics()
    context = {"pool": told, "facts": _settings_of(told), "by_state": connections_by_state()}
    return _shown(request, "pool", POOL, context)


def _settings_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    if not told["available"]:
        return []
    return [
        (_("Kept open (DATABASE_MIN_CONNS)"), str(told["size"])),
        (_("At most (DATABASE_MAX_CONNS)"), str(told["limit"])),
        (_("Waits for a free one (DATABASE_POOL_TIMEOUT)"), _("%d s") % told["timeout"]),
        (_("Replaced after (DATABASE_POOL_RECYCLE)"), _("%d min") % (told["recycle"] // 60)),
    ]


def _shown(request: HttpRequest, name: str, title: Any, context: dict[str, Any]) -> HttpResponse:
    site = admin.site.each_context(request)
    return TemplateResponse(request, f"operations/{name}.html", {**site, "title": title, **context})
