"""Health and pool on an admin's home page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.dashboard import CardLine, CardLines, card
from backoffice.admin_site.pages.health import GOOD, run_checks
from backoffice.admin_site.permissions.roles import ADMIN
from backoffice.operations.pool import get_pool_statistics


@card(gettext_lazy("Health"), roles=(ADMIN,), order=10)
def health(request: HttpRequest) -> CardLines:
    checks, address = run_checks(), reverse("admin:health")
    worrying = [each for each in checks if each.result.status != GOOD]
    message = ngettext("%(count)s check is good.", "All %(count)s checks are good.", len(checks))
    lines = [
        CardLine(
            each.title, address, detail=each.result.detail, label=each.word, colour=each.colour
        )
        for each in worrying
    ]
    if not lines:
        text = message % {"count": len(checks)}
        lines = [
            CardLine(
                text, address, detail=checks[0].result.detail, label=_("good"), colour="success"
            )
        ]
    return CardLines(lines, empty="", more=address)


@card(gettext_lazy("Connection pool"), roles=(ADMIN,), order=20)
def pool(request: HttpRequest) -> CardLines:
    stats, address = get_pool_statistics(), reverse("admin:pool")
    lines = []
    if stats["available"]:
        detail = _("%(kept)s more stand ready.") % {"kept": stats["checked_in"]}
        percent = stats["usage_percent"]
        lines = [CardLine(stats["message"], address, detail=detail, percent=percent)]
    return CardLines(lines, empty=stats["message"], more=address)
