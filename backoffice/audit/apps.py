"""The audit app: who changed what, when, why."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Change sets, and the history the database keeps of every audited model."""

    name = "backoffice.audit"
    label = "audit"
    verbose_name = _("Record of changes")

    def ready(self) -> None:
        session_context, install, _grants = (
            import_module(f"{self.name}.record.{name}")
            for name in ("session_context", "install", "grants")
        )
        access = import_module(f"{self.name}.access_log.log")
        user_logged_in.connect(access.log_in, dispatch_uid="login_recorded")
        user_logged_out.connect(access.log_out, dispatch_uid="logout_recorded")
        user_login_failed.connect(access.fail_to_log_in, dispatch_uid="failure_recorded")
        connection_created.connect(session_context.carry, dispatch_uid="carry_context")
        # Once for all apps: the signals come after, and before, the migrations of every app.
        pre_migrate.connect(install.remove_from_sqlite, sender=self, dispatch_uid="remove_triggers")
        post_migrate.connect(install.install, sender=self, dispatch_uid="install_triggers")
