"""Changes an auditor wants to look at: past the product, by an account of last resort, at night.

Each sort of them is a question: a query word of change sets since a moment. Apps ask further ones
in their `anomalies.py`:

    @unusual("raised", _("…where a grade rose after it was final"), _("A score went up …"))
    def raised(since): return ChangeSet.objects.filter(…)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.apps import apps
from django.db import connections, models
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.discovery import discover
from backoffice.admin_site.permissions.sessions import LONGEST
from backoffice.audit.models.access_record import AccessRecord
from backoffice.audit.models.history import DELETED

NIGHT = (22, 6)  # from, to; hours UTC
WATCHED, DAY = timedelta(days=7), timedelta(days=1)
MASS = 500  # rows of one kind in one change set that is no import
SLACK = 1_000  # keys; two change sets at once get their times and their keys in either order
BY_FILE = ("import", "undo")
BEHIND = ("sql", "command", "job")
BY_RUN = ("command", "job")
SESSION = timedelta(seconds=LONGEST)
LEEWAY = timedelta(minutes=5)  # a request that goes on when its session ends; a clock put right
Find = Callable[[datetime], models.QuerySet[Any]]
Reach = Callable[[datetime], datetime | None]


@dataclass(frozen=True)
class Sign:
    """Why a change may be unusual: its title after “Changes…”, what it means, how to find it."""

    name: str
    title: Any
    meaning: Any
    find: Find
    reach: Reach | None = None


_signs: dict[str, Sign] = {}


def unusual(
    name: str, title: Any, meaning: Any, reach: Reach | None = None
) -> Callable[[Find], Find]:
    """Register a sort of unusual changes: a function from a moment to the change sets since then.

    `reach` says how far back a search came that stops before the moment; None when it came so far.
    """

    def register(find: Find) -> Find:
        _signs[name] = Sign(name, title, meaning, find, reach)
        return find

    return register


Evidence = Callable[[], Q]
_evidence: list[Evidence] = []


def evidence(condition: Evidence) -> Evidence:
    """Register a condition of change sets under which their actor is known to be behind them."""
    _evidence.append(condition)
    return condition


def signs() -> list[Sign]:
    discover("anomalies")
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
        "unaccounted": _("with no login or command behind them"),
    }

    def of_late(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        return self.filter(created_at__gte=since or timezone.now() - WATCHED)

    def by_sql(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        return self.of_late(since).filter(source="sql")

    def by_superusers(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        return self.of_late(since).filter(actor__is_superuser=True)

    def at_night(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        nights = [Q(created_at__gte=start, created_at__lt=end) for start, end in _nights(since)]
        return self.of_late(since).filter(reduce(or_, nights), actor__isnull=False)

    def that_deleted(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        # No import deletes: its 100,000 rows need not be looked at.
        change_sets = self.of_late(since).exclude(source__in=("import", "demo"))
        first = self.first_key(since)
        ids = [_deletions(history, first) for history in histories()]
        return change_sets.filter(pk__in=ids[0].union(*ids[1:], all=True)) if ids else self.none()

    def of_many_rows(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        first = self.first_key(since)
        keys = _large(histories(), first)
        return self.of_late(since).filter(pk__in=keys).exclude(source__in=(*BY_FILE, "demo"))

    def unexplained(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        return self.of_late(since).filter(source__in=BEHIND, reason="")

    def unaccounted(self, since: datetime | None = None) -> "ChangeSetQuerySet":
        """Those that name an actor behind whom nothing in the record of that time stands.

        An account, through whatever way, takes a login of it, or a run of a command for it, that is
        not older than a session lasts; `import` and `undo` also accept the file's own row, if it
        was uploaded or approved by that account and brought this very change set. `command` and
        `job` take the run of a command with the same request id, account or not. A mere name takes
        such a run too, but for `sql`: there it is the database's role, or what psql was told. And
        whatever names an import must be what this import brought.
        Nothing is asked of demo data, of what nobody is named for, of rows from before transactions
        were noted, and of times whose access record was removed by retention.
        """
        discover("anomalies")
        since = max(since or timezone.now() - WATCHED, _access_known_since())
        named = Q(actor__isnull=False) | Q(source__in=BY_RUN)
        named |= ~Q(source="sql") & ~Q(actor_name="")
        known = reduce(or_, (condition() for condition in _evidence))
        rows = self.of_late(since).filter(transaction_id__isnull=False).exclude(source="demo")
        return rows.filter(Q(named) & ~Q(known) | Q(batch__isnull=False) & ~_brought_by_import())

    def first_key(self, since: datetime | None = None) -> int:
        """The key from which on change sets may be so late."""
        times = self.model._base_manager.filter(created_at__gte=since or timezone.now() - WATCHED)
        first = times.order_by("created_at", "pk").values_list("pk", flat=True).first()
        return max(0, first - SLACK) if first else 2**62


def _access_known_since() -> datetime:
    """From when on the access record is whole: retention takes away what is older."""
    removals = apps.get_model("audit", "Removal")._base_manager
    rows = removals.filter(table_name=AccessRecord._meta.db_table)
    before = rows.aggregate(before=Max("before"))["before"]
    return min(before, timezone.now()) + SESSION if before else datetime.min.replace(tzinfo=UTC)


def _access_before(**fields: Any) -> models.QuerySet[Any]:
    """Rows of the access record, of the time of a session before the change set."""
    return AccessRecord._base_manager.filter(
        created_at__gte=OuterRef("created_at") - (SESSION + LEEWAY),
        created_at__lte=OuterRef("created_at") + LEEWAY,
        **fields,
    )


def _brought_by_import() -> Q:
    """The import that the change set names says so, too."""
    imports = apps.get_model("bulk", "Batch")._base_manager
    return Q(Exists(imports.filter(pk=OuterRef("batch"), change_set=OuterRef("pk"))))


@evidence
def logged_in() -> Q:
    """The account had logged in."""
    login = _access_before(kind=AccessRecord.Kind.LOGIN, actor=OuterRef("actor"))
    return ~Q(source__in=BY_RUN) & Q(Exists(login))


@evidence
def ran_a_command() -> Q:
    """A command ran, for that account if one is named."""
    run = _access_before(kind=AccessRecord.Kind.COMMAND, request_id=OuterRef("request_id"))
    return Q(Exists(run.filter(actor=OuterRef("actor")))) | (
        Q(actor__isnull=True) & Q(Exists(run.filter(actor__isnull=True)))
    )


def _nights(since: datetime | None) -> list[tuple[datetime, datetime]]:
    start, end = NIGHT
    now = timezone.now().astimezone(UTC)
    first = (since or now - WATCHED).astimezone(UTC).date() - DAY
    days = [first + number * DAY for number in range((now.date() - first).days + 1)]
    # Pairs of times: an index of times finds them, none finds hours.
    return [
        (datetime.combine(day, time(start), UTC), datetime.combine(day + DAY, time(end), UTC))
        for day in days
    ]


def histories() -> list[type[models.Model]]:
    managers = (getattr(model, "history", None) for model in apps.get_models())
    return [manager.model for manager in managers if hasattr(manager, "as_of")]


def _deletions(history: type[models.Model], first: int) -> models.QuerySet[Any]:
    rows = history._base_manager.filter(history_type=DELETED, change_set__gte=first)
    return rows.order_by().values("change_set")


def _large(tables: list[type[models.Model]], first: int) -> set[int]:
    """The change sets since a key with more than `MASS` rows of one of these histories."""
    if not tables:
        return set()
    parts = [f"SELECT id FROM ({_walk(history._meta.db_table)}) AS found" for history in tables]
    with connections[tables[0]._base_manager.db].cursor() as cursor:
        cursor.execute(" UNION ".join(parts), [first] * len(parts))
        return {key for (key,) in cursor.fetchall()}


def _walk(table: str) -> str:
    """SQL: the change sets of many rows in a history, from a key on.

    The index is read in jumps of `MASS` rows. A jump that ends in the change set where it began has
    found one, whose other rows are skipped; what lies within a jump has fewer.
    """
    return f"""
        WITH RECURSIVE walk (id, left_from) AS (
            SELECT min(change_set_id), CAST(NULL AS bigint) FROM {table} WHERE change_set_id >= %s
            UNION ALL
            SELECT CASE WHEN id = left_from
                   THEN (SELECT min(change_set_id) FROM {table} WHERE change_set_id > walk.id)
                   ELSE (SELECT change_set_id FROM {table} WHERE change_set_id >= walk.id
                         ORDER BY change_set_id, history_id LIMIT 1 OFFSET {MASS}) END, id
            FROM walk WHERE id IS NOT NULL
        )
        SELECT id FROM walk WHERE id = left_from"""
