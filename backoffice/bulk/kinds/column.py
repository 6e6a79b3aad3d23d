"""A column of an importable kind, declared once for reading, matching, export and help."""

import itertools
from enum import StrEnum
from typing import TypedDict, Unpack

from django.db import models
from import_export.fields import Field

from backoffice.audit.models import Audited

_written = itertools.count()


def field_at(model: type[models.Model], path: str) -> models.Field:
    """The field at the end of a path over foreign keys, `course__code`."""
    *relations, name = path.split("__")
    for relation in relations:
        model = related_model(model, relation)
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def foreign_key(model: type[models.Model], name: str) -> models.ForeignKey:
    """The foreign key of this name."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.ForeignKey)
    return field


def related_model(model: type[models.Model], name: str) -> type[Audited]:
    """The model whose rows a foreign key names: what is imported names business data only."""
    related: type[Audited] = field_at(model, name).related_model
    return related


class OnChange(StrEnum):
    """What a file may do to a stored value that differs from the file's."""

    UPDATE = "update"
    PRESERVE = "keep"  # the stored value stands, a warning lists it
    REFUSE = "refuse"  # the row is refused


class Role(StrEnum):
    """What a column does instead of giving a row a value."""

    NARROWS = "narrows"  # tells rows of the same name apart; required where the file has it
    VERIFIES = "verifies"  # has to agree with the referred row
    BASE = "base"  # what another column held when the file was exported


class Traits(TypedDict, total=False):
    """What may be said of a column, see there."""

    key: bool
    identifier: bool
    required: bool
    blank_keeps_stored: bool
    on_change: OnChange
    role: Role
    example: str
    header: str


class Column(Field):
    """One column of a kind; `attribute` is a path from the model.

    `key` columns are the natural key and always required; `required` ones are where the file has
    them. An `identifier` has `.0` taken away and scientific notation refused. With
    `blank_keeps_stored` a blank cell says nothing: what is stored stands. A column with a `role`
    gives a row no value, see there. `header` is how a file writes its name, where it is not the
    name itself.
    """

    def __init__(
        self, attribute: str, column_name: str | None = None, **traits: Unpack[Traits]
    ) -> None:
        super().__init__(attribute=attribute, column_name=column_name)
        self.position = next(_written)  # the library sorts by the model's fields
        self.key, self.identifier = traits.get("key", False), traits.get("identifier", False)
        self.blank_keeps_stored, self.role = (
            traits.get("blank_keeps_stored", False),
            traits.get("role"),
        )
        self.required = traits.get("required", self.role is Role.NARROWS)
        self.on_change = traits.get("on_change", OnChange.UPDATE)
        self.example = traits.get("example", "")
        self._header = traits.get("header", "")

    @property
    def header(self) -> str:
        """How a file writes the name of the column."""
        return self._header or self.column_name

    @property
    def reference(self) -> str:
        """The foreign key this column names a part of, or an empty text for an own field."""
        return self.attribute.partition("__")[0] if "__" in self.attribute else ""

    @property
    def target(self) -> str:
        """The way from the model it stands on, its own or the referred one, to the field."""
        return self.attribute.partition("__")[2] or self.attribute

    def model_field(self, model: type[models.Model]) -> models.Field:
        """The model field whose rules the cells obey."""
        return field_at(model, self.attribute)
