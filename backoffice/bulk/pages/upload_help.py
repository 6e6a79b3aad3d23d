"""What an upload page explains of a kind: its columns, their values, an empty file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.export.csv_export import as_text
from backoffice.bulk.kinds.column import Column, OnChange, Role
from backoffice.bulk.kinds.repeated_columns import header_of
from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.values.cells import has_plain_default

GROUPS = 3  # of members in an empty file

ROLES = {
    Role.NARROWS: gettext_lazy("Tells rows of the same name apart."),
    Role.VERIFIES: gettext_lazy("Must agree with what is stored already."),
    Role.BASE: gettext_lazy("Comes with an export, so that no change made since is overwritten."),
}


@dataclass(frozen=True)
class ColumnHelp:
    """One column, as the upload page explains it."""

    name: str
    title: str
    accepts: str
    is_required: bool
    note: str
    example: str
    mapped_headers: tuple[str, ...] = ()  # how the school's own system writes it


def columns_of(
    resource: type[ImportKind], headers: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[ColumnHelp]:
    """Every column a file of this kind may have, required ones first.

    `headers` are those of the school's own system, by the column they stand for.
    """
    columns = [_help_for(column, resource.model()) for column in resource.columns().values()]
    columns.sort(key=lambda each: not each.is_required)
    columns += [*_members(resource), *_companions(resource)]
    return [replace(each, mapped_headers=tuple(headers.get(each.name, ()))) for each in columns]


def _members(resource: type[ImportKind]) -> Iterator[ColumnHelp]:
    if resource.nested:
        model = resource.nested.resource.model()
        extra = _("Repeated with the others of its group, as often as a row needs.")
        for column in resource.nested.columns.values():
            is_required = column.key or column.required
            yield replace(_help_for(column, model), is_required=is_required, note=extra)


def _companions(resource: type[ImportKind]) -> Iterator[ColumnHelp]:
    if resource.companion and resource.companion.option:
        model = resource.companion.resource.model()
        extra = _("Only with “create students”.")
        for column in resource.companion.columns_of().values():
            yield _help_for(column, model, extra)


def _help_for(column: Column, model: type[models.Model], extra: str = "") -> ColumnHelp:
    field = column.model_field(model)
    is_replaced = bool(column.replaced_where) and not extra
    changes = "" if is_replaced else _on_change(column)
    notes = (changes, _when_blank(column, field, is_replaced=is_replaced), extra)
    return ColumnHelp(
        name=column.header,
        title=capfirst(str(field.verbose_name)),
        accepts=_accepts(field),
        is_required=column.key,
        note=" ".join(filter(None, notes)),
        example=column.example,
    )


def _accepts(field: models.Field) -> str:
    if field.choices:
        return ", ".join(str(value) for value, _label in field.flatchoices)
    if isinstance(field, models.BooleanField):
        return _("1 or 0, true or false")
    if isinstance(field, models.DateField):
        return _("a date like 2026-09-01")
    if isinstance(field, models.DecimalField):
        return _("a number like 71.5") + _range(field)
    if isinstance(field, models.IntegerField):
        return _("a whole number") + _range(field)
    if field.max_length:
        return _("text, at most %(count)d characters") % {"count": field.max_length}
    return _("text")


def _range(field: models.Field) -> str:
    lowest = [v.limit_value for v in field.validators if isinstance(v, MinValueValidator)]
    highest = [v.limit_value for v in field.validators if isinstance(v, MaxValueValidator)]
    if not (lowest and highest):
        return ""
    return _(", %(lowest)s to %(highest)s") % {"lowest": max(lowest), "highest": min(highest)}


def _on_change(column: Column) -> str:
    if column.role:
        return str(ROLES[column.role])
    if column.on_change is OnChange.PRESERVE:
        return _("What is stored already is kept.")
    if column.on_change is OnChange.REFUSE:
        return _("Must agree with what is stored already.")
    return ""


def _when_blank(column: Column, field: models.Field, *, is_replaced: bool) -> str:
    if column.required and not column.role:
        return _("Never blank, where the file has the column.")
    if column.blank_keeps_stored or is_replaced:
        return _("Blank: unchanged in a known row.")
    if column.role or not has_plain_default(field):
        return ""
    default = as_text(field.get_default())
    return _("Blank: %(default)s in a new row, unchanged in a known one.") % {"default": default}


def template_of(resource: type[ImportKind]) -> str:
    stream = io.StringIO()
    bases = {name for name, column in resource.columns().items() if column.role is Role.BASE}
    left_out = bases | {resource.matching.alternative_key}
    names = [each.name for each in columns_of(resource) if each.name not in left_out]
    if resource.nested:
        own, group = resource.columns().values(), resource.nested_columns().values()
        names = header_of(list(own), list(group), GROUPS)
    csv.writer(stream).writerow(names)
    return "\ufeff" + stream.getvalue()
