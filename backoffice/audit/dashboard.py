"""The cards of the record on the home pages of auditors and admins."""

from collections import Counter
from datetime import date

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.changelist.question_filter import question_lines
from backoffice.admin_site.pages.dashboard import (
    CardLine,
    CardLines,
    Chart,
    Series,
    ago,
    beginning,
    card,
    days_until_today,
)
from backoffice.admin_site.pages.related_links import list_of, page_of
from backoffice.admin_site.permissions.roles import ADMIN, AUDITOR, REGISTRAR
from backoffice.audit.models import Approval, ChangeSet

DAYS = 14
MOST = 6
Source = ChangeSet.Source
BEHIND = (Source.COMMAND, Source.JOB, Source.SQL, Source.SYSTEM, Source.DEMO)
GROUPS = (
    (gettext_lazy("in the admin"), (Source.FORM, Source.ACTION), 600),
    (gettext_lazy("from files"), (Source.IMPORT, Source.UNDO), 400),
    (gettext_lazy("commands, jobs and SQL"), BEHIND, 200),
)


@card(gettext_lazy("Changes of the last 14 days"), roles=(AUDITOR,), order=10)
def volume(request: HttpRequest) -> Chart:
    days = days_until_today(DAYS)
    counts = _counts_since(days[0])
    return Chart(
        labels=[f"{day:%d %b}" for day in days],
        series=[
            Series(name, [sum(counts[day, source] for source in group) for day in days], shade)
            for name, group, shade in GROUPS
        ],
        empty=_("Nothing was changed in 14 days."),
        more=list_of(ChangeSet),
    )


def _counts_since(start: date) -> Counter[tuple[date, str]]:
    change_sets = ChangeSet.objects.filter(created_at__gte=beginning(start))
    change_sets = change_sets.annotate(day=TruncDate("created_at")).order_by()
    rows = change_sets.values_list("day", "source").annotate(Count("pk"))
    return Counter({(day, source): count for day, source, count in rows})


@card(gettext_lazy("Unusual in the last 7 days"), roles=(AUDITOR,), order=20)
def unusual(request: HttpRequest) -> CardLines:
    return CardLines(
        question_lines(ChangeSet.objects.all(), _("Changes %(which)s")),
        empty=_("Nothing unusual: no SQL past the product, no deletion, nobody at work at night."),
        more=list_of(ChangeSet),
    )


@card(gettext_lazy("Waiting for a second person"), roles=(ADMIN, REGISTRAR), order=15)
def approvals(request: HttpRequest) -> CardLines:
    rows = Approval.objects.visible_to(request.user).waiting()
    return CardLines(
        [_approval_line(approval) for approval in rows.order_by("requested_at", "pk")[:MOST]],
        empty=_("Nobody waits for an approval."),
        more=list_of(Approval),
    )


def _approval_line(approval: Approval) -> CardLine:
    return CardLine(
        approval.sentence,
        page_of(approval),
        detail=f"{approval.requested_name} · {ago(approval.requested_at)}",
        label=approval.get_state_display(),
        colour="warning",
    )
