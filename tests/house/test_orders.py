"""Every list names its order to the last tie: what the database would decide, nobody could name."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models

from backoffice.bulk.kinds.resource import kinds

# Of several attempts an export has the one that counts.
COUNTED = {"grades": frozenset({"attempt"})}
OWN_APPS = ("users", "courses", "assessments", "communications", "audit", "bulk", "operations")


def is_total(
    model: type[models.Model], ordering: Sequence[Any], fixed: frozenset[str] = frozenset()
) -> bool:
    """Whether no two rows can tie, `fixed` being the references that all rows share."""
    attnames = {field.attname: field.name for field in model._meta.concrete_fields}
    names = {attnames.get(name, name) for name in (str(each).lstrip("-") for each in ordering)}
    known = {name for name in names if "__" not in name and name != "pk"} | fixed
    for field in model._meta.concrete_fields:
        if field.is_relation and field.name not in known:
            beyond = [n.split("__", 1)[1] for n in names if n.startswith(f"{field.name}__")]
            if beyond and is_total(field.related_model, beyond):
                known.add(field.name)
    decided = {name for name in known if _is_sorted_totally(model, name, fixed)}
    return "pk" in names or any(key <= decided for key in _keys(model))


def _is_sorted_totally(model: type[models.Model], name: str, fixed: frozenset[str]) -> bool:
    """A reference is sorted by the order of what it leads to: that has to be total too."""
    field = model._meta.get_field(name)
    if not field.is_relation or name in fixed:
        return True
    return is_total(field.related_model, field.related_model._meta.ordering or ("pk",))


def _keys(model: type[models.Model]) -> Iterator[frozenset[str]]:
    """What tells a row from all others."""
    yield from (frozenset([f.name]) for f in model._meta.concrete_fields if f.unique)
    for constraint in model._meta.total_unique_constraints:
        yield frozenset(constraint.fields)
    for fields in model._meta.unique_together:
        yield frozenset(fields)


def our_models() -> list[type[models.Model]]:
    return [m for label in OWN_APPS for m in apps.get_app_config(label).get_models()]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_the_order_of_a_model_is_total(model):
    ordering = model._meta.ordering
    assert not ordering or is_total(model, ordering), ordering


def test_the_order_of_every_inline_is_total():
    loose = {
        f"{inline.__name__}: {ordering}"
        for each in admin.site._registry.values()
        for inline in each.inlines
        if not _is_total_inline(each, inline, ordering := _ordering_of(inline))
    }
    assert not loose


def _ordering_of(inline: type[admin.options.InlineModelAdmin]) -> Sequence[Any]:
    """Without one, a formset sorts by the key."""
    return inline.ordering or inline.model._meta.ordering or ("pk",)


def _is_total_inline(
    parent: admin.ModelAdmin, inline: type[admin.options.InlineModelAdmin], ordering: Sequence[Any]
) -> bool:
    """All rows of an inline share their parent."""
    leads = [f.name for f in inline.model._meta.concrete_fields if f.related_model is parent.model]
    return is_total(inline.model, ordering, frozenset(leads[:1]))


@pytest.mark.parametrize("kind", sorted(kinds))
def test_the_order_of_an_export_is_total(kind):
    order = kinds[kind].export_order()
    assert is_total(kinds[kind].model(), order, COUNTED.get(kind, frozenset())), order


def test_a_tie_is_seen_where_there_is_one():
    topic, enrollment = (
        apps.get_model("communications.ForumTopic"),
        apps.get_model("users.Enrollment"),
    )
    assert not is_total(topic, ["-is_pinned", "-created_at"])
    assert is_total(topic, ["-is_pinned", "-created_at", "-id"])
    assert not is_total(enrollment, ["course"])
    assert not is_total(enrollment, ["student__last_name", "course"])
    assert is_total(enrollment, ["student__username", "course"])
    assert is_total(enrollment, ["student"], frozenset({"course"}))
