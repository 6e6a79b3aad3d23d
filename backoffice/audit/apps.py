"""The audit app: who changed what, when, why."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Change sets, and the history every audited model keeps."""

    name = "backoffice.audit"
    label = "audit"
    verbose_name = _("Record of changes")
