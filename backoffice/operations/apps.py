"""The operations app: the database engine, its pool, its health."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    """Knows no other app."""

    name = "backoffice.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        import_module(f"{self.name}.old_migrations")  # registers its check
