"""A column of an importable kind, declared once for reading, matching, export and help."""

import itertools
from enum import StrEnum

from django.db import models
from import_export.fields import Field

_written = itertools.count()


class OnChange(StrEnum):
    """What a file may do to a stored value that differs from the file's."""

    UPDATE = "update"
    KEEP = "keep"  # the stored value stands, a warning lists it
    REFUSE = "refuse"  # the row is refused


class Column(Field):
    """One column of a kind; `attribute` is a path from the model, of one hop at most.

    `key` columns are the natural key and always required. An `identifier` has `.0` taken away and
    scientific notation refused. `owned` values belong to one record: a file may not give one
    record another's.
    """

    def __init__(
        self,
        attribute: str,
        column_name: str | None = None,
        *,
        key: bool = False,
        identifier: bool = False,
        on_change: OnChange = OnChange.UPDATE,
        example: str = "",
    ) -> None:
        super().__init__(attribute=attribute, column_name=column_name)
        self.position = next(_written)  # the library sorts by the model's fields
        self.key, self.identifier = key, identifier
        self.on_change = on_change
        self.example = example

    @property
    def reference(self) -> str:
        """The foreign key this column names a part of, or an empty text for an own field."""
        return self.attribute.partition("__")[0] if "__" in self.attribute else ""

    @property
    def target(self) -> str:
        """The field's name on the model it stands on."""
        return self.attribute.rpartition("__")[2]

    def model_field(self, model: type[models.Model]) -> models.Field:
        """The model field whose rules the cells obey."""
        if self.reference:
            model = model._meta.get_field(self.reference).related_model
        return model._meta.get_field(self.target)
