"""The check of the imports."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.health import CheckResult, health_check
from backoffice.bulk.jobs.cleanup import SILENT_AFTER
from backoffice.bulk.jobs.worker import is_any_alive
from backoffice.bulk.models import Batch

LATELY = timedelta(days=1)


@health_check(gettext_lazy("Imports"), order=60)
def imports() -> CheckResult:
    now = timezone.now()
    silent = Batch.objects.under_work().filter(run__touched_at__lt=now - SILENT_AFTER).count()
    if silent:
        template = ngettext(
            "%(count)s import has shown no sign of life lately. Open it to settle it.",
            "%(count)s imports have shown no sign of life lately. Open them to settle them.",
            silent,
        )
        return CheckResult.warning(template % {"count": silent})
    failures = Batch.objects.filter(state=Batch.State.FAILED)
    failed = failures.filter(run__touched_at__gte=now - LATELY).count()
    if failed:
        template = ngettext(
            "%(count)s import failed in the last day; nothing of it was written.",
            "%(count)s imports failed in the last day; nothing of them was written.",
            failed,
        )
        return CheckResult.warning(template % {"count": failed})
    return CheckResult.good(_("None is stuck, and none failed in the last day."))


@health_check(gettext_lazy("Worker"), order=61)
def worker() -> CheckResult:
    if is_any_alive():
        return CheckResult.good(_("A worker is running."))
    waiting = Batch.objects.in_work().count()
    if not waiting:
        return CheckResult.warning(
            _("No worker is running; start “manage.py db_worker”. Large imports would wait.")
        )
    template = ngettext(
        "No worker is running; start “manage.py db_worker”. %(count)s import waits.",
        "No worker is running; start “manage.py db_worker”. %(count)s imports wait.",
        waiting,
    )
    return CheckResult.failed(template % {"count": waiting})
