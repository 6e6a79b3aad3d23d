"""Merges that were asked for and wait: for a second person, or for what is decided first."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.health import CheckResult, health_check
from backoffice.apps.users.merging.requests import waiting_merges

LONG = timedelta(days=7)
MOST_NAMED = 3


@health_check(gettext_lazy("Merges that wait"), order=28)
def merges_that_wait() -> CheckResult:
    # Who has to decide stands on its page: a plan looks at every table, and home asks this too.
    waiting = list(waiting_merges())
    if not waiting:
        return CheckResult.good(_("No merge of two records waits."))
    sentence = _(
        "%(merge)s waits for a second person, or for what has to be decided first: its page under "
        "Approvals says which."
    )
    named = [sentence % {"merge": f"“{each.sentence}”"} for each in waiting[:MOST_NAMED]]
    further = len(waiting) - MOST_NAMED
    if further > 0:
        more = ngettext("And %(count)d more.", "And %(count)d more.", further)
        named.append(more % {"count": further})
    oldest = waiting[0].requested_at
    if timezone.now() - oldest < LONG:
        return CheckResult.good(" ".join(named))
    since = _("The first one was asked for on %(day)s.") % {"day": date_format(oldest, "Y-m-d")}
    return CheckResult.warning(" ".join([*named, since]))
