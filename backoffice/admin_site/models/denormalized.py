"""Values that stand on another row and are kept here too, because a check sees one row only.

`CopiedValueKey` is a foreign key over two columns: the reference, and the copy of a value of the
row it names. The database refuses any other value, and changes the copies when the original does; a
check constraint over the copy then holds between the two rows. `CopiedValueTarget` is the
unique pair such a key needs on the other side.
"""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement


class CopiedValueTarget(models.UniqueConstraint):
    """The primary key and a value that others copy. Unique by itself: no form need ask."""

    def __init__(self, *, name: str, copied: str = "", **constraint: Any) -> None:
        fields = constraint.pop("fields", ("id", copied))
        super().__init__(name=name, fields=fields, **constraint)

    def deconstruct(self) -> Any:
        _path, args, kwargs = super().deconstruct()
        return "django.db.models.UniqueConstraint", args, kwargs

    def validate(self, *_args: Any, **_kwargs: Any) -> None:
        """The primary key is unique already."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, models.BaseConstraint):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]


class CopiedValueKey(models.BaseConstraint):
    """`copy` always equals the field `of` of the row that the foreign key `reference` names."""

    def __init__(self, *, name: str, reference: str, copy: str, of: str) -> None:
        super().__init__(name=name)
        self.reference, self.copy, self.of = reference, copy, of

    def constraint_sql(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> str:
        """The constraint as part of a table's definition."""
        meta, quote = model._meta, editor.quote_name
        reference, copy = meta.get_field(self.reference), meta.get_field(self.copy)
        other = reference.remote_field.model._meta
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({quote(reference.column)}, "
            f"{quote(copy.column)}) REFERENCES {quote(other.db_table)} "
            f"({quote(other.pk.column)}, {quote(other.get_field(self.of).column)}) "
            f"ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> Statement:
        """The constraint put on a table that is there."""
        return Statement(
            "ALTER TABLE %(table)s ADD %(constraint)s",
            table=editor.quote_name(model._meta.db_table),
            constraint=self.constraint_sql(model, editor),
        )

    def remove_sql(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> Statement:
        """The constraint taken away again."""
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=editor.quote_name(model._meta.db_table),
            name=editor.quote_name(self.name),
        )

    def validate(self, *_args: Any, **_kwargs: Any) -> None:
        """The model takes the copy itself when it is saved; no form shows it."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"reference": self.reference, "copy": self.copy, "of": self.of}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CopiedValueKey):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]
