"""What a change set changed, row by row, from the history tables of all audited models."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Count, OuterRef, Subquery, Value
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site import roles
from backoffice.admin_site.history import ReadableHistory
from backoffice.audit.models import ChangeSet
from backoffice.audit.unusual import histories

MOST = 50
MOST_TOLD = 3
WORDS = {"+": _("added"), "~": _("changed"), "-": _("deleted")}
History = type[models.Model]


@dataclass(frozen=True)
class ChangedRow:
    """One row: of which kind, what happened to it, each field before and after, its history."""

    kind: str
    name: str
    what: Any
    address: str = ""
    changes: list[dict[str, Any]] = field(default_factory=list)


def told(change_sets: Iterable[ChangeSet]) -> dict[int, str]:
    """For each change set, how many rows of which kind: “2 questions added, 1 course changed”."""
    found: dict[int, list[str]] = defaultdict(list)
    for key, label, kind, count in _counts([each.pk for each in change_sets]):
        opts = _by_label()[label].instance_type._meta
        name = opts.verbose_name if count == 1 else opts.verbose_name_plural
        found[key].append(f"{count:,} {name} {WORDS[kind]}")
    return {key: _in_short(parts) for key, parts in found.items()}


def _in_short(parts: list[str]) -> str:
    shown = ", ".join(parts[:MOST_TOLD])
    more = len(parts) - MOST_TOLD
    return (
        _("%(shown)s, and %(more)d more kinds") % {"shown": shown, "more": more}
        if more > 0
        else shown
    )


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


def changed_rows(change_set: ChangeSet, user: Any) -> list[ChangedRow]:
    """The rows of a change set, up to `MOST` of each kind; values as far as the person may see."""
    labels = sorted({label for _key, label, _kind, _count in _counts([change_set.pk])})
    return [row for label in labels for row in _rows(_by_label()[label], change_set, user)]


def _rows(history: Any, change_set: ChangeSet, user: Any) -> Iterator[ChangedRow]:
    model = history.instance_type
    is_open = roles.may(user, "history", model) and roles.shown_fields(user, model) is None
    records = list(history.objects.filter(change_set=change_set).order_by("pk")[:MOST])
    names = _names_of(records)
    before = _before(history, records) if is_open else {}
    for record in records:
        yield ChangedRow(
            kind=capfirst(model._meta.verbose_name),
            name=names[record.pk],
            what=WORDS[record.history_type],
            address=_address(model._meta, record) if roles.may(user, "history", model) else "",
            changes=_changes(record, before.get(record.pk)),
        )


def _address(opts: Any, record: Any) -> str:
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[_key(record)])


def _key(record: Any) -> Any:
    return getattr(record, record.instance_type._meta.pk.attname)


def _names_of(records: list[Any]) -> dict[int, str]:
    """The rows' names as they were; the number of one where what it names is gone.

    What they name in turn is fetched for all of them together.
    """
    rows = {record.pk: record.instance for record in records}
    for row in list(rows.values())[:1]:
        named = [field.name for field in row._meta.fields if field.is_relation]
        models.prefetch_related_objects(list(rows.values()), *named)
    return {record.pk: _name_of(rows[record.pk], record) for record in records}


def _name_of(row: models.Model, record: Any) -> str:
    try:
        return str(row)
    except ObjectDoesNotExist:
        return str(_key(record))


def _before(history: Any, records: list[Any]) -> dict[int, Any]:
    """The record before each of those that changed a row."""
    attname = history.instance_type._meta.pk.attname
    earlier = history.objects.filter(
        **{attname: OuterRef(attname)}, history_id__lt=OuterRef("history_id")
    )
    newest = Subquery(earlier.order_by("-history_id").values("history_id")[:1])
    changed = [record.pk for record in records if record.history_type == "~"]
    asked = history.objects.filter(pk__in=changed).annotate(before=newest)
    pairs = dict(asked.order_by().values_list("pk", "before")) if changed else {}
    found = history.objects.in_bulk([key for key in pairs.values() if key])
    return {pk: found[key] for pk, key in pairs.items() if key}


def _changes(record: Any, before: Any) -> list[dict[str, Any]]:
    """Each field before and after."""
    if before is None:
        return []
    delta = record.diff_against(before, foreign_keys_are_objs=True)
    return ReadableHistory(record.instance_type, record).context_for_delta_changes(delta)
