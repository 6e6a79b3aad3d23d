"""A column of an importable kind, declared once for reading, matching, export and help."""

import itertools
from collections.abc import Iterator
from enum import StrEnum
from typing import TypedDict, Unpack

from django.db import models
from import_export.fields import Field

from backoffice.audit.models import Audited

NUMBERS = (models.DecimalField, models.IntegerField, models.DateField)
_written = itertools.count()


def fields_along(model: type[models.Model], path: str) -> Iterator[models.Field]:
    """The fields along a path over foreign keys, `course__code`; the value's own last."""
    for name in path.split("__"):
        field = model._meta.get_field(name)
        assert isinstance(field, models.Field)
        yield field
        model = field.related_model


def field_at(model: type[models.Model], path: str) -> models.Field:
    """The field at the end of a path over foreign keys."""
    *_relations, field = fields_along(model, path)
    return field


def foreign_key(model: type[models.Model], name: str) -> models.ForeignKey:
    field = model._meta.get_field(name)
    assert isinstance(field, models.ForeignKey)
    return field


def related_model(model: type[models.Model], path: str) -> type[Audited]:
    """The model that a foreign key, or a path of them, leads to."""
    # What is imported points to business data only, and that is audited.
    related: type[Audited] = field_at(model, path).related_model
    return related


class OnChange(StrEnum):
    """The effect of a file on a stored value that differs from the file's."""

    UPDATE = "update"
    PRESERVE = "keep"  # the stored value stays, with a warning
    REFUSE = "refuse"  # the row is refused


class Role(StrEnum):
    """The purpose of a column that gives a row no value."""

    NARROWS = "narrows"  # tells rows of the same name apart; required where the file has it
    VERIFIES = "verifies"  # has to agree with the referred row
    BASE = "base"  # what another column held when the file was exported


class Traits(TypedDict, total=False):
    """The options of `Column`."""

    key: bool
    identifier: bool
    code: bool
    required: bool
    blank_keeps_stored: bool
    on_change: OnChange
    replaced_where: str
    role: Role
    example: str
    header: str


class Column(Field):
    """One column of a kind; `attribute` is a path from the model.

    `key` columns are the natural key and always required; `required` ones are if the file has them.
    An `identifier` loses a trailing `.0`; of it, and of a `code`, scientific notation is refused,
    and an apostrophe in front dropped. With `blank_keeps_stored` a blank cell changes nothing.
    `on_change` is for files that only mention a record; in the kind's own files the value is
    replaced in the stored rows of `replaced_where` (SQL), but never by a blank. `header` is the
    name as files write it, if it differs.
    """

    def __init__(
        self, attribute: str, column_name: str | None = None, **traits: Unpack[Traits]
    ) -> None:
        super().__init__(attribute=attribute, column_name=column_name)
        self.position = next(_written)  # the library sorts by the model's fields
        self.key, self.identifier = traits.get("key", False), traits.get("identifier", False)
        self.code = traits.get("code", False)
        self.blank_keeps_stored = traits.get("blank_keeps_stored", False)
        self.role = traits.get("role")
        self.required = traits.get("required", self.role is Role.NARROWS)
        self.on_change = traits.get("on_change", OnChange.UPDATE)
        self.replaced_where = traits.get("replaced_where", "")
        self.example = traits.get("example", "")
        self._header = traits.get("header", "")

    @property
    def header(self) -> str:
        return self._header or self.column_name

    @property
    def reference(self) -> str:
        """The foreign key that the column is a part of, blank for an own field."""
        return self.attribute.partition("__")[0] if "__" in self.attribute else ""

    @property
    def target(self) -> str:
        """The path to the field from the kind's model, or from the model of `reference`."""
        return self.attribute.partition("__")[2] or self.attribute

    def model_field(self, model: type[models.Model]) -> models.Field:
        return field_at(model, self.attribute)

    def number_sort(self, model: type[models.Model]) -> bool | None:
        """Whether a cell is a day (true) or another number (false); None for any other text."""
        field = self.model_field(model)
        if self.identifier or field.choices or not isinstance(field, NUMBERS):
            return None
        return isinstance(field, models.DateField)
