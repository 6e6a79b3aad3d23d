"""Deeds an auditor wants to look at: past the product, by an account of last resort, at night.

Each sort of them is a question: a query word of change sets since a moment. Apps ask further ones
in their `unusual_deeds.py`:

    @unusual("raised", _("…where a grade rose after it was final"), _("A score went up …"))
    def raised(since): return ChangeSet.objects.filter(…)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.apps import apps
from django.db import connections, models
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from backoffice.audit.history import DELETED

NIGHT = (22, 6)  # from, to; hours UTC
WATCHED = timedelta(days=7)
MASS = 500  # rows of one kind in one deed that is no import
STEP = MASS
SLACK = 1_000  # keys; two deeds at once get their times and their keys in either order
BY_FILE = ("import", "undo")
BEHIND = ("sql", "command", "job")
Find = Callable[[datetime], models.QuerySet[Any]]


@dataclass(frozen=True)
class Sign:
    """Why a deed may be unusual: its title after “Changes…”, what it means, and how it is found."""

    name: str
    title: Any
    meaning: Any
    find: Find


_signs: dict[str, Sign] = {}


def unusual(name: str, title: Any, meaning: Any) -> Callable[[Find], Find]:
    """Register a sort of unusual deeds: a function from a moment to the change sets since then."""

    def register(find: Find) -> Find:
        _signs[name] = Sign(name, title, meaning, find)
        return find

    return register


def signs() -> list[Sign]:
    """All of them."""
    autodiscover_modules("unusual_deeds")
    return list(_signs.values())


class ChangeSetQuerySet(models.QuerySet["Any"]):
    """Query words for change sets; without a moment, about the last seven days."""

    questions: ClassVar[dict[str, Any]] = {
        "by_sql": _("written by SQL, past the product"),
        "by_superusers": _("by an account with all rights"),
        "at_night": _("by a person between 22:00 and 6:00 UTC"),
        "that_deleted": _("that deleted something"),
        "of_many_rows": _("of more than 500 rows at once, by no file"),
        "unexplained": _("past the admin, and nobody said why"),
    }

    def of_late(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """Since this moment."""
        return self.filter(created_at__gte=since or timezone.now() - WATCHED)

    def by_sql(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """Written past the product."""
        return self.of_late(since).filter(source="sql")

    def by_superusers(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """By accounts that no table limits."""
        return self.of_late(since).filter(actor__is_superuser=True)

    def at_night(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """By a person, when hardly anybody works."""
        start, end = NIGHT
        is_night = Q(created_at__hour__gte=start) | Q(created_at__hour__lt=end)
        return self.of_late(since).filter(is_night, actor__isnull=False)

    def that_deleted(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """That deleted a row of any audited model. No import deletes."""
        deeds = self.of_late(since).exclude(source="import")
        first = self._first_key(since)
        ids = [_deletions(history, first) for history in histories()]
        return deeds.filter(pk__in=ids[0].union(*ids[1:], all=True)) if ids else self.none()

    def of_many_rows(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """Of more rows of one kind than one changes by hand, and not by a file."""
        first = self._first_key(since)
        keys = {key for history in histories() for key in _large(history, first)}
        return self.of_late(since).filter(pk__in=keys).exclude(source__in=BY_FILE)

    def unexplained(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """By SQL, a command or a job, without a reason."""
        return self.of_late(since).filter(source__in=BEHIND, reason="")

    def _first_key(self, since: datetime | None) -> int:
        """The key from which on change sets may be so late."""
        times = self.model._base_manager.filter(created_at__gte=since or timezone.now() - WATCHED)
        first = times.order_by("created_at").values_list("pk", flat=True).first()
        return max(0, first - SLACK) if first else 2**62


def histories() -> list[type[models.Model]]:
    """The history tables of all audited models."""
    managers = (getattr(model, "history", None) for model in apps.get_models())
    return [manager.model for manager in managers if hasattr(manager, "as_of")]


def _deletions(history: type[models.Model], first: int) -> models.QuerySet[Any]:
    rows = history._base_manager.filter(history_type=DELETED, change_set__gte=first)
    return rows.order_by().values("change_set")


def _large(history: type[models.Model], first: int) -> set[int]:
    """The change sets since a key with more than `MASS` rows of this history.

    Rows of one deed stand close together: every 500th row meets each deed that has so many. Only
    those it meets are counted.
    """
    table = history._meta.db_table
    sql = f"""
        WITH RECURSIVE met (at, last) AS (
            SELECT (SELECT history_id FROM {table} WHERE change_set_id >= %s
                    ORDER BY change_set_id, history_id LIMIT 1),
                   (SELECT max(history_id) FROM {table})
            UNION ALL SELECT at + {STEP}, last FROM met WHERE at + {STEP} <= last
        ), deeds AS (
            SELECT DISTINCT (SELECT change_set_id FROM {table} WHERE history_id >= met.at
                             ORDER BY history_id LIMIT 1) AS id
            FROM met
        )
        SELECT id FROM deeds WHERE id >= %s AND {MASS} < (
            SELECT count(*) FROM (SELECT 1 FROM {table} WHERE change_set_id = deeds.id
                                  LIMIT {MASS + 1}) counted)"""
    with connections[history._base_manager.db].cursor() as cursor:
        cursor.execute(sql, [first, first])
        return {key for (key,) in cursor.fetchall()}
