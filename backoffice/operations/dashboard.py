"""Health and pool on an admin's home page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.dashboard import Line, Lines, card
from backoffice.admin_site.pages.health import GOOD, Checked, run_checks
from backoffice.admin_site.permissions.roles import ADMIN
from backoffice.operations.pool import get_pool_statistics


@card(gettext_lazy("Health"), roles=(ADMIN,), order=10)
def health(request: HttpRequest) -> Lines:
    """What is not as it should be, or that everything is."""
    found, address = run_checks(), reverse("admin:health")
    worrying = [each for each in found if each.finding.status != GOOD]
    said = ngettext("%(count)s check is good.", "All %(count)s checks are good.", len(found))
    lines = [_line(each, address) for each in worrying]
    if not lines:
        text = said % {"count": len(found)}
        lines = [
            Line(text, address, detail=found[0].finding.detail, label=_("good"), colour="success")
        ]
    return Lines(lines, empty="", more=address)


def _line(checked: Checked, address: str) -> Line:
    return Line(
        checked.title,
        address,
        detail=checked.finding.detail,
        label=checked.word,
        colour=checked.colour,
    )


@card(gettext_lazy("Connection pool"), roles=(ADMIN,), order=20)
def pool(request: HttpRequest) -> Lines:
    """How much of the pool is in use; on SQLite why there is nothing to count."""
    told, address = get_pool_statistics(), reverse("admin:pool")
    lines = []
    if told["available"]:
        said = _("%(kept)s more stand ready.") % {"kept": told["checked_in"]}
        percent = told["usage_percent"]
        lines = [Line(told["message"], address, detail=said, percent=percent)]
    return Lines(lines, empty=told["message"], more=address)
