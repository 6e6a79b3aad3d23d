"""The admin site as two apps: ours, and Django's admin with our site as the default one."""

import csv
import sys

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as django_admin
from django.contrib.auth.signals import user_logged_in
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, post_save
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.folded_identity import add_to_sqlite
from backoffice.admin_site.permissions import groups, sessions


class BackOfficeAdminConfig(django_admin.AdminConfig):
    """Django's admin; `@admin.register` puts models on our site."""

    default = False
    default_site = "backoffice.admin_site.site.BackOfficeSite"


class AdminSiteConfig(AppConfig):
    """Roles, visibility and the kit of the admin; keeps Django's groups like the roles' table."""

    default = True
    name = "backoffice.admin_site"
    label = "admin_site"
    verbose_name = _("Admin site")

    def ready(self) -> None:
        # The process's own, 131,072 characters at first: what we wrote ourselves may have longer
        # cells, and of what others wrote the reader counts the bytes of each row.
        csv.field_size_limit(sys.maxsize)
        connection_created.connect(add_to_sqlite, dispatch_uid="folded_identity")
        user_logged_in.connect(sessions.begin, dispatch_uid="session_begins")
        post_migrate.connect(groups.sync_app, dispatch_uid="sync_role_groups")
        post_save.connect(
            groups.follow_role, sender=settings.AUTH_USER_MODEL, dispatch_uid="follow_role"
        )
