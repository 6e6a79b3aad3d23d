"""What change sets changed, row by row, from the history tables of all audited models."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Count, OuterRef, Subquery, Value
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.pages.dashboard import Bounded
from backoffice.admin_site.pages.history import ReadableHistory
from backoffice.admin_site.permissions import roles
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.anomalies import histories
from backoffice.audit.reports.scope import MOST_COUNTED, CountedTo, HistoryScope, bounded_to

MOST_LISTED = 3
WORDS = {"+": _("added"), "~": _("changed"), "-": _("deleted")}
History = type[models.Model]


@dataclass(frozen=True)
class RowChange:
    """One row: of which kind, what happened to it, each field before and after, its history."""

    kind: str
    name: str
    what: Any
    address: str = ""
    changes: list[dict[str, Any]] = field(default_factory=list)
    line: int | None = None
    key: int = 0


@dataclass(frozen=True)
class Kind:
    """A kind of rows that a change set changed, and how many of them."""

    history: History
    count: Bounded

    @property
    def label(self) -> str:
        return self.history.instance_type._meta.label_lower

    @property
    def text(self) -> str:
        """How many of what: “1 course”, “1,000+ enrollments”."""
        opts = self.history.instance_type._meta
        is_one = self.count.number == 1
        return f"{self.count} {opts.verbose_name if is_one else opts.verbose_name_plural}"


def summaries_of(change_sets: Iterable[ChangeSet]) -> dict[int, str]:
    """For each change set, how many rows of which kind: “2 questions added, 1 course changed”."""
    summaries: dict[int, list[str]] = defaultdict(list)
    for key, label, kind, count in _counts([each.pk for each in change_sets]):
        opts = _by_label()[label].instance_type._meta
        name = opts.verbose_name if count == 1 else opts.verbose_name_plural
        summaries[key].append(f"{count:,} {name} {WORDS[kind]}")
    return {key: _in_short(parts) for key, parts in summaries.items()}


def _in_short(parts: list[str]) -> str:
    listed = ", ".join(parts[:MOST_LISTED])
    more = len(parts) - MOST_LISTED
    if more <= 0:
        return listed
    return _("%(listed)s, and %(more)d more kinds") % {"listed": listed, "more": more}


def _counts(keys: list[int]) -> Iterable[tuple[int, str, str, int]]:
    """Change set, label of the history, type and number, with one query."""
    parts = [
        history._base_manager.filter(change_set__in=keys)
        .order_by()
        .values_list("change_set", Value(label), "history_type")
        .annotate(Count("pk"))
        for label, history in _by_label().items()
    ]
    return parts[0].union(*parts[1:], all=True) if parts and keys else ()


def _by_label() -> dict[str, History]:
    return {history._meta.label_lower: history for history in histories()}


def kinds_of(
    change_sets: Iterable[ChangeSet], touched: HistoryScope | None = None
) -> dict[int, Any]:
    """The kinds of rows that each change set changed, with bounded counts; one query."""
    tables = (touched or HistoryScope()).histories()
    bound = {
        f"rows_{at}": CountedTo(_of_change_set(history).values("pk")[: MOST_COUNTED + 1])
        for at, history in enumerate(tables)
    }
    keys = [each.pk for each in change_sets]
    counted = ChangeSet.objects.filter(pk__in=keys).order_by().values_list("pk", *bound.values())
    return {
        key: [
            Kind(history, bounded_to(count))
            for history, count in zip(tables, counts, strict=True)
            if count
        ]
        for key, *counts in (counted if keys else ())
    }


def _of_change_set(history: Any) -> models.QuerySet[Any]:
    return history._base_manager.filter(change_set=OuterRef("pk")).order_by()


def first_rows(kinds: dict[int, list[Kind]], user: Any, most: int) -> dict[int, list[RowChange]]:
    tables = {kind.history for group in kinds.values() for kind in group}
    firsts = {
        f"{history._meta.model_name}_{at}": Subquery(
            _of_change_set(history).order_by("history_id").values("history_id")[at : at + 1]
        )
        for history in tables
        for at in range(most)
    }
    known = ChangeSet.objects.filter(pk__in=kinds).order_by().annotate(**firsts)
    keys: dict[History, list[int]] = defaultdict(list)
    for row in known.values("pk", *firsts) if firsts else ():
        left = most
        for kind in kinds[row["pk"]]:
            names = (f"{kind.history._meta.model_name}_{at}" for at in range(left))
            ids = [row[name] for name in names if row[name]]
            keys[kind.history] += ids
            left -= len(ids)
    return by_change_set(
        (history._base_manager.filter(pk__in=ids) for history, ids in keys.items()), user
    )


def by_change_set(parts: Iterable[models.QuerySet[Any]], user: Any) -> dict[int, list[RowChange]]:
    rows_by_change_set: dict[int, list[RowChange]] = defaultdict(list)
    for part in parts:
        records = list(part.order_by("history_id"))
        for record, row in zip(records, rows_of(records, user), strict=True):
            rows_by_change_set[record.change_set_id].append(row)
    return rows_by_change_set


def page_of_rows(
    change_set: ChangeSet, kind: Kind, user: Any, after: int, most: int
) -> tuple[list[RowChange], bool]:
    """The rows of one kind after a history row, `most` at most; whether there are more."""
    rows = kind.history._base_manager.filter(change_set=change_set, history_id__gt=after)
    # With the filter's own column first, or a large change set is found by walking the key.
    records = list(rows.order_by("change_set_id", "history_id")[: most + 1])
    return rows_of(records[:most], user), len(records) > most


def rows_of(records: Sequence[Any], user: Any) -> list[RowChange]:
    """The rows of history rows of one kind; values as far as the person may see them."""
    if not records:
        return []
    model = records[0].instance_type
    is_open = roles.may(user, "history", model)
    is_whole = is_open and roles.visible_fields(user, model) is None
    names, changes = _names_of(records), _changes_of(records) if is_whole else {}
    return [
        RowChange(
            kind=capfirst(model._meta.verbose_name),
            name=names[record.pk],
            what=WORDS[record.history_type],
            address=_address(model._meta, record) if is_open else "",
            changes=changes.get(record.pk, []),
            line=record.line,
            key=record.pk,
        )
        for record in records
    ]


def _address(opts: Any, record: Any) -> str:
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[_key(record)])


def _key(record: Any) -> Any:
    return getattr(record, record.instance_type._meta.pk.attname)


def _names_of(records: Sequence[Any]) -> dict[int, str]:
    model = records[0].instance_type
    rows = {record.pk: _as_it_was(record) for record in records}
    # What their names are made of is fetched for all of them together.
    models.prefetch_related_objects(list(rows.values()), *sorted(_named_by(model)))
    return {record.pk: _name_of(rows[record.pk], record) for record in records}


def _as_it_was(record: Any) -> models.Model:
    # `record.instance` would query the database for the values that history does not hold.
    held = {field.attname: getattr(record, field.attname) for field in record.tracked_fields}
    return record.instance_type(**held)


def _named_by(model: Any) -> set[str]:
    """The relations a row may take its name from: its own, and those of its natural key."""
    own = {each.name for each in model._meta.fields if each.is_relation}
    return own | {path.rpartition("__")[0] for path in model.natural_key_paths() if "__" in path}


def _name_of(row: models.Model, record: Any) -> str:
    try:
        return str(row)
    except ObjectDoesNotExist:
        # What it is named after is gone.
        return f"{capfirst(row._meta.verbose_name)} {_key(record)}"


def _changes_of(records: Sequence[Any]) -> dict[int, list[dict[str, Any]]]:
    pairs = list(_pairs(records))
    deltas = [(record, record.diff_against(before)) for record, before in pairs]
    _fetch_references(pairs, {name for _record, delta in deltas for name in delta.changed_fields})
    return {
        record.pk: ReadableHistory(record.instance_type, record).context_for_delta_changes(
            record.diff_against(before, foreign_keys_are_objs=True)
        )
        for record, before in pairs
    }


def _fetch_references(pairs: list[tuple[Any, Any]], names: set[str]) -> None:
    # For all pairs together: one query for each reference, not for each row.
    both = [record for pair in pairs for record in pair]
    for name in sorted(names):
        reference = both[0]._meta.get_field(name)
        if not reference.is_relation:
            continue
        deeper = _named_by(reference.related_model)
        models.prefetch_related_objects(both, name, *(f"{name}__{path}" for path in deeper))


def _pairs(records: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Those that changed a row, each with the version before it."""
    history = type(records[0])
    attname = history.instance_type._meta.pk.attname
    earlier = history._base_manager.filter(
        **{attname: OuterRef(attname)}, history_id__lt=OuterRef("history_id")
    )
    newest = Subquery(earlier.order_by("-history_id").values("history_id")[:1])
    changed = {record.pk: record for record in records if record.history_type == "~"}
    annotated = history._base_manager.filter(pk__in=changed).annotate(before=newest).order_by()
    before = dict(annotated.values_list("pk", "before")) if changed else {}
    previous = history._base_manager.in_bulk([key for key in before.values() if key])
    return ((changed[pk], previous[key]) for pk, key in before.items() if key)
