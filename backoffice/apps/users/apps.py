"""The users app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    """People and enrollments."""

    name = "backoffice.apps.users"
    verbose_name = _("People and enrollments")
