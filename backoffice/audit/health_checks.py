"""The check of the record: every audited table writes its history."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.checking import Finding, health_check
from backoffice.audit.installing import audited_models, missing


@health_check(gettext_lazy("Record of changes"), order=25)
def record() -> Finding:
    """No trigger is missing, switched off or out of date."""
    tables = missing()
    if tables:
        said = _("Changes of %(tables)s are not recorded. Run: python manage.py migrate")
        return Finding.failed(said % {"tables": ", ".join(tables)})
    return Finding.good(
        _("%(count)s tables record every change.") % {"count": len(audited_models())}
    )
