"""Deeds an auditor wants to look at: past the product, by an account of last resort, at night."""

from datetime import timedelta
from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NIGHT = (22, 6)  # from, to; hours UTC
WATCHED = timedelta(days=7)
DELETED = "-"


class ChangeSetQuerySet(models.QuerySet["Any"]):
    """Query words for change sets; the questions are about the last seven days."""

    questions: ClassVar[dict[str, Any]] = {
        "by_sql": _("written by SQL, past the product"),
        "by_superusers": _("by an account with all rights"),
        "at_night": _("by a person between 22:00 and 6:00 UTC"),
        "that_deleted": _("that deleted something"),
    }

    def of_late(self) -> "ChangeSetQuerySet":
        """Of the last seven days."""
        return self.filter(created_at__gte=timezone.now() - WATCHED)

    def by_sql(self) -> "ChangeSetQuerySet":
        """Written past the product."""
        return self.of_late().filter(source="sql")

    def by_superusers(self) -> "ChangeSetQuerySet":
        """By accounts that no table limits."""
        return self.of_late().filter(actor__is_superuser=True)

    def at_night(self) -> "ChangeSetQuerySet":
        """By a person, when hardly anybody works."""
        start, end = NIGHT
        is_night = Q(created_at__hour__gte=start) | Q(created_at__hour__lt=end)
        return self.of_late().filter(is_night, actor__isnull=False)

    def that_deleted(self) -> "ChangeSetQuerySet":
        """That deleted a row of any audited model. No import deletes."""
        ids = [_deletions(history, self.of_late()) for history in histories()]
        return self.filter(pk__in=ids[0].union(*ids[1:], all=True)) if ids else self.none()


def histories() -> list[type[models.Model]]:
    """The history tables of all audited models."""
    managers = (getattr(model, "history", None) for model in apps.get_models())
    return [manager.model for manager in managers if hasattr(manager, "as_of")]


def _deletions(history: type[models.Model], deeds: ChangeSetQuerySet) -> models.QuerySet[Any]:
    able = deeds.exclude(source="import").order_by().values("pk")
    rows = history._base_manager.filter(history_type=DELETED, change_set__in=able)
    return rows.order_by().values("change_set")
