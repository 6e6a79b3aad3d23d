"""The imports on the home pages."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.dashboard import CardLine, CardLines, Figure, Figures, card
from backoffice.admin_site.pages.related_links import list_of, page_of
from backoffice.admin_site.permissions.roles import ADMIN, REGISTRAR
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.approval import held_for

MOST = 6
State = Batch.State
COLOURS: dict[str, str] = {State.PREVIEWED: "warning", State.HELD: "warning"} | dict.fromkeys(
    Batch.IN_WORK, "info"
)


@card(gettext_lazy("Your imports under way"), roles=(REGISTRAR,), order=10)
def own_imports(request: HttpRequest) -> CardLines:
    states = {*Batch.UNFINISHED, *Batch.IN_WORK}
    rows = Batch.objects.filter(uploaded_by=request.user.pk, state__in=states)
    return CardLines(
        [_line(batch) for batch in rows.order_by("-pk")[:MOST]],
        empty=_("Nothing waits for your decision. What you upload stands here until you apply it."),
        more=list_of(Batch),
    )


@card(gettext_lazy("Imports waiting for your approval"), roles=(REGISTRAR, ADMIN), order=11)
def to_approve(request: HttpRequest) -> CardLines:
    rows = held_for(request.user).order_by("-pk")[:MOST]
    return CardLines(
        [
            CardLine(batch.file_name, page_of(batch), batch.sentence, batch.uploader_name)
            for batch in rows
        ],
        empty=_(
            "Nothing waits for you. An import that withdraws or changes many rows waits here for a "
            "second person."
        ),
        more=list_of(Batch, state__exact=State.HELD),
    )


def _line(batch: Batch) -> CardLine:
    return CardLine(
        text=batch.file_name,
        address=page_of(batch),
        detail=batch.sentence,
        label=batch.get_state_display(),
        colour=COLOURS.get(batch.state, "default"),
        percent=batch.run.progress if batch.is_in_work else None,
    )


@card(gettext_lazy("Imports"), roles=(ADMIN,), order=30)
def queue(request: HttpRequest) -> Figures:
    week = timezone.now() - timedelta(days=7)
    failed = Batch.objects.filter(state=State.FAILED, run__touched_at__gte=week).count()
    return Figures(
        [
            Figure(Batch.objects.in_work().count(), _("being read or applied"), list_of(Batch)),
            _in_state(
                Batch.objects.waiting().count(), _("waiting for a decision"), State.PREVIEWED
            ),
            _in_state(failed, _("failed in 7 days"), State.FAILED, "danger" if failed else ""),
            _in_state(_rows_since(week), _("rows written in 7 days"), State.APPLIED),
        ],
        more=list_of(Batch),
    )


def _in_state(number: int, name: str, state: str, colour: str = "") -> Figure:
    return Figure(number, name, list_of(Batch, state__exact=state), colour)


def _rows_since(start: Any) -> int:
    applied = Batch.objects.filter(state=State.APPLIED, applied_at__gte=start)
    sums = applied.aggregate(*map(Sum, ("created", "updated", "created_students")))
    return sum(number or 0 for number in sums.values())
