"""The checks of the record: every audited table writes its history, and that is sealed."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.health import CheckResult, health_check
from backoffice.audit.models import Block
from backoffice.audit.record.install import audited_models, missing
from backoffice.audit.seal.seal import unsealed_since

LATE = timedelta(minutes=5)


@health_check(gettext_lazy("Record of changes"), order=25)
def record() -> CheckResult:
    tables = missing()
    if tables:
        message = _("Changes of %(tables)s are not recorded. Run: python manage.py migrate")
        return CheckResult.failed(message % {"tables": ", ".join(tables)})
    return CheckResult.good(
        _("%(count)s tables record every change.") % {"count": len(audited_models())}
    )


@health_check(gettext_lazy("Seal of the record"), order=26)
def sealed() -> CheckResult:
    since, last = unsealed_since(), Block.head()
    if since is not None and timezone.now() - since > LATE:
        message = _("Not sealed since %(when)s UTC. Start: python manage.py audit_seal --every 30")
        return CheckResult.warning(message % {"when": date_format(since, "Y-m-d H:i")})
    if last is None:
        return CheckResult.good(_("Nothing is recorded yet."))
    return CheckResult.good(_("All is sealed, in %(count)s blocks.") % {"count": last.number})
