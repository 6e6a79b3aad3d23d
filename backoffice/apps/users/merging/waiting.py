"""Merges that were asked for and wait: for a second person, or for what is decided first."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.health import CheckResult, health_check
from backoffice.apps.users.merging.requests import plan_for, waiting_merges

LONG = timedelta(days=7)
MOST_NAMED = 3
MOST_PLANNED = 20  # a plan looks at every table


@health_check(gettext_lazy("Merges that wait"), order=28)
def merges_that_wait() -> CheckResult:
    waiting = list(waiting_merges()[:MOST_PLANNED])
    if not waiting:
        return CheckResult.good(_("No merge of two records waits."))
    sentences = [
        _("%(merge)s waits for a decision, such as an instructor's choice between two works.")
        if plan_for(each).obstacles
        else _("%(merge)s waits for a second person.")
        for each in waiting
    ]
    named = [
        sentence % {"merge": f"“{each.sentence}”"}
        for sentence, each in zip(sentences, waiting, strict=True)
    ]
    further = waiting_merges().count() - MOST_NAMED
    if further > 0:
        more = ngettext("And %(count)d more.", "And %(count)d more.", further)
        named[MOST_NAMED:] = [more % {"count": further}]
    oldest = waiting[0].requested_at
    if timezone.now() - oldest < LONG:
        return CheckResult.good(" ".join(named))
    since = _("The first one was asked for on %(day)s.") % {"day": date_format(oldest, "Y-m-d")}
    return CheckResult.warning(" ".join([*named, since]))
