"""The bulk app: files in and out."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class BulkConfig(AppConfig):
    """Finds every importable kind: one class in an app's `resources.py`."""

    name = "backoffice.bulk"
    label = "bulk"
    verbose_name = _("Files")

    def ready(self) -> None:
        autodiscover_modules("resources")
