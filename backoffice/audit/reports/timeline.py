"""The timeline: change sets, the newest first, a page at a time, filtered by what a reader asks.

A page takes a bounded number of steps whatever is asked, over millions of history rows. Actor,
source, reason, batch and date have indexes; a person's record has keys. Otherwise the search goes
through so many change sets and stops; the page says how far, and the next one goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections, models
from django.db.models import Count, Exists, Max, Min, OuterRef

from backoffice.admin_site.pages.dashboard import beginning
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.anomalies import SLACK
from backoffice.audit.reports.scope import (
    HistoryScope,
    ParentKeys,
    Rows,
    course_path,
    keys_of,
    with_keys,
)

PER_PAGE = 25
SEARCH_LIMIT = 5_000  # change sets, or history rows of a table, that one page looks through
CHANGE_SET_ID = "change_set_id"  # without the column's name, Django would join and turn the order
NEWEST = 1_500  # rows of a history that one page looks through for a large course
FEW_ROWS, MOST_ROWS = 250, 20_000  # of a course: asked by key; and their history
MOST_KNOWN = 5_000  # keys of a course's rows that are fetched


@dataclass(frozen=True)
class Span:
    """A stretch of keys between two, both left out, walked from the newest on, or back to it."""

    low: int | None = None
    high: int | None = None
    is_back: bool = False

    def of(self, rows: Rows, name: str = "pk") -> Rows:
        if self.low is not None:
            rows = rows.filter(**{f"{name}__gt": self.low})
        if self.high is not None:
            rows = rows.filter(**{f"{name}__lt": self.high})
        return rows.order_by(name if self.is_back else f"-{name}")

    def within(self, low: int | None, high: int | None) -> "Span":
        lows = [key for key in (self.low, low) if key is not None]
        highs = [key for key in (self.high, high) if key is not None]
        return replace(self, low=max(lows, default=None), high=min(highs, default=None))

    def until(self, end: int | None) -> "Span":
        """As far as a search came that stopped at this key, the key included."""
        if end is None:
            return self
        return self.within(None, end + 1) if self.is_back else self.within(end - 1, None)

    def nearer(self, ends: list[int]) -> int | None:
        """Of the keys at which searches stopped, the one that all of them reached."""
        return (min if self.is_back else max)(ends, default=None)


@dataclass(frozen=True)
class TimelineQuery:
    """What the timeline is narrowed to."""

    touched: HistoryScope = field(default_factory=HistoryScope)
    person: int | None = None
    role: str = ""
    source: str = ""
    batch: int | None = None
    unexplained: bool = False
    since: date | None = None
    until: date | None = None
    # One sort of unusual changes only.
    among: Rows | None = None

    def change_sets(self) -> Rows:
        rows = ChangeSet.objects.all() if self.among is None else self.among
        same = {"actor": self.person, "source": self.source, "batch": self.batch}
        rows = rows.filter(**{name: value for name, value in same.items() if value})
        if self.role:
            rows = rows.filter(actor__in=_people_of(self.role))
        if self.unexplained:
            rows = rows.filter(reason="")
        if self.since:
            rows = rows.filter(created_at__gte=beginning(self.since))
        if self.until:
            rows = rows.filter(created_at__lt=beginning(self.until + timedelta(days=1)))
        return rows

    def span(self) -> Span:
        """The keys that the dates leave, so that no search leaves these days."""
        times = ChangeSet.objects.order_by("created_at", "pk").values_list("pk", flat=True)
        low = high = None
        if self.since:
            first = times.filter(created_at__gte=beginning(self.since)).first()
            low = first - SLACK if first else times.order_by("pk").last()
        if self.until:
            end = beginning(self.until + timedelta(days=1))
            last = times.filter(created_at__lt=end).last()
            high = last + SLACK if last else 0
        return Span(low, high)


def _people_of(role: str) -> list[int]:
    # Keys instead of a join: so the planner knows how many change sets are theirs.
    people = get_user_model()._base_manager.filter(role=role)
    return list(people.order_by().values_list("pk", flat=True))


@dataclass(frozen=True)
class TimelinePage:
    """A page of the timeline, the newest first; keys behind which the next ones begin."""

    change_sets: list[ChangeSet]
    older: int | None = None
    newer: int | None = None
    # The search stopped here before the page was full.
    searched_until: ChangeSet | None = None


def page_of(
    query: TimelineQuery, place: int | None = None, *, is_back: bool = False
) -> TimelinePage:
    """A page of change sets: older than the key `place`, newer with `is_back`, or the newest."""
    span = replace(query.span(), is_back=is_back)
    span = span.within(place, None) if is_back else span.within(None, place)
    rows, end = _narrowed(query, span)
    rows = span.until(end).of(rows)
    fetched = list(rows.select_related("actor")[: PER_PAGE + 1])
    is_more = len(fetched) > PER_PAGE
    change_sets = fetched[:PER_PAGE]
    stop = change_sets[-1].pk if is_more else end
    if is_back and stop is None:
        return page_of(query)  # back at the beginning: a full page
    first = change_sets[0].pk if change_sets else place
    if is_back:
        return TimelinePage(change_sets[::-1], older=first, newer=stop)
    is_cut = not is_more and end is not None
    searched_until = ChangeSet.objects.filter(pk__lte=end).first() if is_cut else None
    newer = first if place is not None else None
    return TimelinePage(change_sets, older=stop, newer=newer, searched_until=searched_until)


def all_pages(query: TimelineQuery) -> Iterator[list[ChangeSet]]:
    page = page_of(query)
    yield page.change_sets
    while page.older is not None:
        page = page_of(query, page.older)
        yield page.change_sets


def _narrowed(query: TimelineQuery, span: Span) -> tuple[Rows, int | None]:
    """The matching change sets, and the key at which the search for them stopped."""
    rows = query.change_sets()
    if not query.touched:
        return rows, None
    if query.touched.student:
        parts = [each.order_by().values("change_set") for each in query.touched.rows()]
        return rows.filter(union_of("pk", parts)), None
    if query.touched.course:
        keys, end = _of_course(query.touched, span)
    else:
        keys, end = _of_model(query.touched.histories()[0], rows, span)
    return rows.filter(pk__in=keys), end


def _of_model(history: Any, rows: Rows, span: Span) -> tuple[list[int], int | None]:
    # First among the newest change sets; if that is not enough, from the history.
    candidates = span.of(rows).values("pk")[:SEARCH_LIMIT]
    named = ChangeSet.objects.filter(pk__in=candidates)
    far = named.aggregate(Count("pk"), Min("pk"), Max("pk"))
    touching = named.filter(Exists(history._base_manager.filter(change_set=OuterRef("pk"))))
    matches = list(span.of(touching).values_list("pk", flat=True)[: PER_PAGE + 1])
    if far["pk__count"] < SEARCH_LIMIT or len(matches) > PER_PAGE:
        return matches, None
    keys = _change_sets_of(history, span)
    if len(keys) < SEARCH_LIMIT:
        return keys, None
    # Both stopped: of two searches that are right so far, the one that came farther counts.
    one, other = far["pk__max" if span.is_back else "pk__min"], keys[-1]
    return [*matches, *keys], (max if span.is_back else min)(one, other)


def _change_sets_of(history: Any, span: Span) -> list[int]:
    """The change sets that have a row in a history, each once."""
    table, end = history._meta.db_table, "min" if span.is_back else "max"
    ahead = ">" if span.is_back else "<"
    bounds = [("<", span.high), (">", span.low)]
    conditions = [(f"change_set_id {sign} %s", key) for sign, key in bounds if key is not None]
    within = " AND ".join(text for text, _key in conditions) or "change_set_id IS NOT NULL"
    keys = [key for _text, key in conditions]
    # The index is read in jumps: an import has 100,000 rows of one change set.
    sql = f"""
        WITH RECURSIVE walk (id) AS (
            SELECT {end}(change_set_id) FROM {table} WHERE {within}
            UNION ALL
            SELECT (SELECT {end}(change_set_id) FROM {table}
                    WHERE {within} AND change_set_id {ahead} walk.id)
            FROM walk WHERE walk.id IS NOT NULL
        )
        SELECT id FROM walk WHERE id IS NOT NULL LIMIT {SEARCH_LIMIT}"""
    with connections[ChangeSet.objects.db].cursor() as cursor:
        cursor.execute(sql, [*keys, *keys])
        return [key for (key,) in cursor.fetchall()]


def _of_course(touched: HistoryScope, span: Span) -> tuple[list[int], int | None]:
    """Kinds with few rows in the course are searched by key, the others by their newest rows."""
    few: list[Rows] = []
    matches: set[int] = set()
    ends: list[int] = []
    for history in touched.histories():
        parent_keys = {course_path(history): touched.course}
        keys = keys_of(history, parent_keys)
        known = list(keys.values_list("key", flat=True)[: MOST_KNOWN + 1])
        if len(known) <= FEW_ROWS:
            # The limit keeps the database from walking all history in search of these few.
            rows = span.of(with_keys(history, keys), CHANGE_SET_ID).order_by()
            limited = rows.values("pk")[:MOST_ROWS]
            course_rows = history._base_manager.filter(pk__in=limited).order_by()
            few.append(course_rows.values("change_set"))
        else:
            newest, end = _of_the_newest(history, parent_keys, known, span)
            matches |= newest
            ends += [end] if end is not None else []
    known = span.of(ChangeSet.objects.filter(union_of("pk", few))).values_list("pk", flat=True)
    matches |= set(by_key := list(known[:SEARCH_LIMIT]))
    ends += by_key[-1:] if len(by_key) == SEARCH_LIMIT else []
    return list(matches), span.nearer(ends)


def union_of(name: str, parts: list[Rows]) -> models.Q:
    return models.Q(**{f"{name}__in": parts[0].union(*parts[1:], all=True) if parts else []})


def _of_the_newest(
    history: Any, parent_keys: ParentKeys, known: list[int], span: Span
) -> tuple[set[int], int | None]:
    """The change sets of the newest rows of a history that belong so; the key where it ends."""
    key = history.instance_type._meta.pk.attname
    rows = history._base_manager.filter(change_set__isnull=False)
    newest = list(span.of(rows, CHANGE_SET_ID).values_list(key, "change_set")[:NEWEST])
    if not newest:
        return set(), None
    # Given both conditions at once, the database reads all history of the course: so the
    # keys are known before, or queried for these rows alone.
    course_keys = set(known)
    if len(known) > MOST_KNOWN:
        among = list({row for row, _change_set in newest})
        course_keys = set(keys_of(history, parent_keys, among).values_list("key", flat=True))
    matches = {change_set for row, change_set in newest if row in course_keys}
    end = newest[-1][1]
    if len(newest) < NEWEST:
        return matches, None
    # The last one may have more rows than were looked at, an import 100,000.
    whole = with_keys(history, keys_of(history, parent_keys)).filter(change_set=end)
    if end not in matches and whole.exists():
        matches.add(end)
    return matches, end
