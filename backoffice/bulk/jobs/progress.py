"""The progress of an import, in numbers and in words."""

from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.jobs.worker import is_any_alive
from backoffice.bulk.models import Batch, BatchRun

SURE_FROM = 10  # percent; before that the rest cannot be estimated
MINUTE = 60
State = Batch.State


def progress_of(batch: Batch) -> dict[str, Any]:
    """The data of an import's progress page.

    `rows`, `pace`, `left` and `note` are sentences or blank; `percent` is of the whole work.
    """
    run = batch.run
    seconds = (timezone.now() - run.begun_at).total_seconds() if run.begun_at else 0
    return {
        "working": batch.is_in_work,
        "percent": run.progress,
        "phase": str(run.get_phase_display() or batch.get_state_display()),
        "rows": _rows(batch),
        "pace": _pace(batch, seconds),
        "left": _left(batch, seconds),
        "note": _note(batch),
    }


def _rows(batch: Batch) -> str:
    run = batch.run
    is_reading = run.phase in (BatchRun.Phase.READING, BatchRun.Phase.COMPARING)
    total = run.rows_expected if is_reading else batch.writes
    if not (run.begun_at and total and run.rows_read):
        return ""
    names = {"done": intcomma(run.rows_read), "total": intcomma(total)}
    if not is_reading:
        return _("%(done)s of %(total)s rows written, none visible before the end") % names
    if run.phase == BatchRun.Phase.READING:
        return _("%(done)s of about %(total)s rows read") % names
    return _("%(done)s of %(total)s rows read") % names


def _pace(batch: Batch, seconds: float) -> str:
    if seconds < 1 or not batch.run.rows_read or batch.run.phase == BatchRun.Phase.CLOSING:
        return ""
    return _("%(count)s rows a second") % {"count": intcomma(round(batch.run.rows_read / seconds))}


def _left(batch: Batch, seconds: float) -> str:
    if seconds < 1 or batch.run.progress < SURE_FROM:
        return ""
    left = max(1, round(seconds * (100 - batch.run.progress) / batch.run.progress))
    if left >= MINUTE:
        minutes = round(left / MINUTE)
        template = ngettext("about %(count)d minute left", "about %(count)d minutes left", minutes)
        return template % {"count": minutes}
    template = ngettext("about %(count)d second left", "about %(count)d seconds left", left)
    return template % {"count": left}


def _note(batch: Batch) -> str:
    """The reason why the work does not begin, or blank."""
    if batch.state not in (State.QUEUED, State.ORDERED):
        return ""
    if not is_any_alive():
        return _(
            "No worker is running; start “manage.py db_worker”. The file waits for it, and nothing "
            "is lost."
        )
    others = Batch.objects.in_work().exclude(pk=batch.pk)
    count = others.filter(run__touched_at__lt=batch.run.touched_at).count()
    template = ngettext("%(count)d import is before it.", "%(count)d imports are before it.", count)
    return template % {"count": count} if count else _("It begins in a moment.")
