"""The communications app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunicationsConfig(AppConfig):
    """Forums, direct messages, announcements and chat rooms."""

    name = "backoffice.apps.communications"
    verbose_name = _("Communications")
