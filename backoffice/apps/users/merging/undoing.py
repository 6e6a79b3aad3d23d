"""Undoes a merge: every row gets back what it was, or nothing is undone.

The history of the change set is walked backwards, table by table: so each row passes through the
states it had, and none of them breaks a rule of the database.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.apps.users.merging.policies import policy_of, references_to
from backoffice.apps.users.merging.writing import unrecorded_fields
from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.history import DELETED
from backoffice.audit.record.install import audited_models
from backoffice.audit.record.postgres_triggers import copied_columns
from backoffice.audit.record.recording import recording

ADDED = "+"
Broken = tuple[str, int, str]  # a rule that a row does not meet: label, key, code


def undo(
    survivor: int, duplicate: int, change_set: int, unrecorded: Mapping[str, Any], reason: str
) -> int:
    """Undo the merge of this change set; returns the number of the new one.

    Raises ValidationError that names what was changed since, or what depends on the merge.
    """
    with recording(source=ChangeSet.Source.ACTION, reason=reason) as record:
        people = User._base_manager.select_for_update().order_by("pk")
        list(people.filter(pk__in=(survivor, duplicate)))
        versions = {model: _versions(model, change_set) for model in audited_models()}
        versions = {model: rows for model, rows in versions.items() if rows}
        for model, rows in versions.items():
            _lock(model, rows)
        _refuse_changed(versions)
        known = set(_broken(survivor, change_set))
        for model, rows in versions.items():
            for version in rows:
                _reverse(model, version, unrecorded)
        _refuse_dependent(survivor, change_set, known)
        return record.change_set_id


def _versions(model: Any, change_set: int) -> list[Any]:
    """What a change set wrote of a table, the newest first."""
    return list(model.history.model._base_manager.filter(change_set=change_set).order_by("-pk"))


def _lock(model: Any, rows: list[Any]) -> None:
    """Wait for whoever is changing one of the rows: what they save is a change since."""
    keys = {getattr(row, model._meta.pk.attname) for row in rows}
    locked = model._base_manager.select_for_update().filter(pk__in=keys).order_by("pk")
    list(locked.values_list("pk"))


def _refuse_changed(versions: Mapping[Any, list[Any]]) -> None:
    refusals = [each for model, rows in versions.items() for each in _changed_since(model, rows)]
    if refusals:
        first = _("Nothing is undone, because this was changed since the two were merged:")
        raise ValidationError([first, *refusals], code="changed")


def _changed_since(model: Any, rows: list[Any]) -> Iterator[str]:
    key, history = model._meta.pk.attname, model.history.model._base_manager
    written: dict[int, Any] = {}
    for row in rows:
        written.setdefault(getattr(row, key), row)
    newest: dict[int, Any] = {}
    later = history.filter(**{f"{key}__in": list(written)}, pk__gte=rows[-1].pk)
    for row in later.select_related("history_user", "change_set").order_by("pk"):
        newest[getattr(row, key)] = row
    for number, row in written.items():
        latest = newest[number]
        if latest.pk != row.pk and _state(model, latest) != _state(model, row):
            yield _sentence(model, number, latest)


def _state(model: Any, version: Any) -> tuple[Any, ...]:
    if version.history_type == DELETED:
        return ()
    return tuple(version.serializable_value(name) for name in _recorded(model))


def _recorded(model: Any) -> list[str]:
    """The columns that a history row has, by the name of their attribute."""
    columns = set(copied_columns(model))
    return [each.attname for each in model._meta.concrete_fields if each.column in columns]


def _sentence(model: Any, number: int, latest: Any) -> str:
    row = model._base_manager.filter(pk=number).first()
    message = _("%(kind)s %(name)s, by %(who)s on %(when)s UTC.")
    return message % {
        "kind": model._meta.verbose_name,
        "name": row or number,
        "who": latest.change_set.actor_name if latest.change_set else _("nobody named"),
        "when": f"{latest.history_date:%Y-%m-%d %H:%M}",
    }


def _reverse(model: Any, version: Any, unrecorded: Mapping[str, Any]) -> None:
    """Give a row what it was before this version of it."""
    key = model._meta.pk.attname
    number = getattr(version, key)
    stored = model._base_manager.filter(pk=number)
    try:
        if version.history_type == ADDED:
            stored.delete()
        elif version.history_type == DELETED:
            values = _values(model, version) | _left_out(model, number, unrecorded)
            # As it was: nothing is stamped or counted anew.
            model(**values).save_base(raw=True, force_insert=True)
        else:
            values = _values(model, _previous(model, number, version))
            stored.update(**{name: values[name] for name in values if name != key})
    except IntegrityError as error:
        message = _("Nothing is undone: a value that %(kind)s %(number)d had is another row's now.")
        values = {"kind": model._meta.verbose_name, "number": number}
        raise ValidationError(message % values, code="taken") from error


def _previous(model: Any, number: int, version: Any) -> Any:
    rows = model.history.model._base_manager.filter(**{model._meta.pk.attname: number})
    return rows.filter(pk__lt=version.pk).order_by("-pk").first()


def _values(model: Any, version: Any) -> dict[str, Any]:
    return {name: getattr(version, name) for name in _recorded(model)}


def _left_out(model: Any, number: int, unrecorded: Mapping[str, Any]) -> dict[str, Any]:
    texts = unrecorded.get(model._meta.label_lower, {}).get(str(number), {})
    fields = (each for each in unrecorded_fields(model) if each.name in texts)
    return {each.attname: each.to_python(texts[each.name]) for each in fields}


def _refuse_dependent(survivor: int, change_set: int, known: set[Broken]) -> None:
    """Refuse where what came to the survivor since needs what goes back."""
    refusals = [text for key, text in _broken(survivor, change_set).items() if key not in known]
    if refusals:
        first = _("Nothing is undone, because this came since and would not fit any more:")
        raise ValidationError([first, *refusals], code="dependent")


def _broken(survivor: int, change_set: int) -> dict[Broken, str]:
    """What does not fit of the rows that came to the survivor since a merge, in words."""
    return {
        (row._meta.label_lower, row.pk, rule.code): f"{row}: {rule.message}"
        for row in _come_since(survivor, change_set)
        for rule in row.presence_rules
        if not rule.holds_for(row)
    }


def _come_since(survivor: int, change_set: int) -> Iterator[Any]:
    """The survivor's rows, of models with such rules, that were not the survivor's before."""
    moment = ChangeSet.objects.values_list("created_at", flat=True).get(pk=change_set)
    # Change sets that were begun before the merge may have gone on after it, and clocks are set
    # back: what both say was before, was. SQL past the product may have no change set.
    was_before = Q(history_date__lt=moment) & (Q(change_set__lt=change_set) | Q(change_set=None))
    for reference in references_to(User):
        model: Any = reference.model
        if getattr(model, "presence_rules", ()) and policy_of(reference).moves:
            owner, key = {reference.name: survivor}, model._meta.pk.attname
            earlier = model.history.model._base_manager.filter(was_before, **owner).values(key)
            yield from model._base_manager.filter(**owner).exclude(pk__in=earlier)
