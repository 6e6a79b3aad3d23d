"""Access that deserves a look: one person, or one account, much more often than work asks for."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db.models import Count, Q
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.permissions.visibility import VisibleQuerySet

WATCHED = timedelta(days=7)
HOUR = timedelta(hours=1)
MOST = 20  # bursts that are shown, the largest first
# How often within an hour is more than work asks for.
VIEWS, REFUSALS, FAILURES = 200, 10, 5
VIEW_KINDS, REFUSAL_KINDS, FAILURE_KINDS = ("view", "export"), ("refused",), ("failed",)


class AccessRecordQuerySet(VisibleQuerySet):
    """Query words for the access record; the questions are about the last seven days."""

    questions: ClassVar[dict[str, Any]] = {
        "seen_in_bursts": _("more than 200 people's pages or exports in an hour"),
        "refused_in_bursts": _("10 and more refusals in an hour"),
        "failed_in_bursts": _("5 and more wrong passwords in an hour"),
    }

    def of_late(self) -> "AccessRecordQuerySet":
        return self.filter(created_at__gte=timezone.now() - WATCHED)

    def seen_in_bursts(self) -> "AccessRecordQuerySet":
        """Looks and exports of whoever had more than 200 in an hour."""
        return self._bursts(VIEW_KINDS, "actor", VIEWS + 1)

    def refused_in_bursts(self) -> "AccessRecordQuerySet":
        return self._bursts(REFUSAL_KINDS, "actor", REFUSALS)

    def failed_in_bursts(self) -> "AccessRecordQuerySet":
        return self._bursts(FAILURE_KINDS, "address", FAILURES)

    def _bursts(self, kinds: tuple[str, ...], by: str, least: int) -> "AccessRecordQuerySet":
        rows = self.model._base_manager.filter(
            kind__in=kinds, created_at__gte=timezone.now() - WATCHED, **{f"{by}__isnull": False}
        )
        hours = rows.annotate(hour=TruncHour("created_at")).order_by().values_list(by, "hour")
        many = hours.annotate(often=Count("pk")).filter(often__gte=least)
        many = many.order_by("-often", "-hour", by)
        bursts = [_within(by, whose, hour) for whose, hour, _often in many[:MOST]]
        return self.filter(reduce(or_, bursts), kind__in=kinds) if bursts else self.none()


def _within(by: str, whose: Any, hour: datetime) -> Q:
    return Q(**{by: whose}, created_at__gte=hour, created_at__lt=hour + HOUR)
