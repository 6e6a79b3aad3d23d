"""Values of another row that are copied here, because a check constraint sees one row only.

The database refuses any other value, and changes the copies when the original changes. A `RowRule`
over a copy is a `RelatedRule` over the original too, for an import, whose rows have no copy yet.
"""

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement
from django.db.models.signals import class_prepared

from backoffice.admin_site.models.rules import (
    PlainConstraint,
    RelatedRule,
    RowRule,
    Ruled,
    names_in,
)


class CopiedValueTarget(PlainConstraint, models.UniqueConstraint):
    """The primary key and a value that others copy: the pair a `CopiedValueKey` refers to."""

    plain_path = "django.db.models.UniqueConstraint"

    def __init__(self, *, name: str, copied: str = "", **constraint: Any) -> None:
        fields = constraint.pop("fields", ("id", copied))
        super().__init__(name=name, fields=fields, **constraint)

    def validate(self, *_args: Any, **_kwargs: Any) -> None:
        """The primary key is unique already: no form need ask."""


class CopiedValueKey(models.BaseConstraint):
    """A foreign key over two columns: `copy` equals the field `of` of the row `reference` names."""

    def __init__(self, *, name: str, reference: str, copy: str, of: str) -> None:
        super().__init__(name=name)
        self.reference, self.copy, self.of = reference, copy, of

    # Any below: the stub allows None for model and editor, and wants a str for a Statement.
    def constraint_sql(self, model: Any, editor: Any) -> str:
        meta, quote = model._meta, editor.quote_name
        reference, copy = meta.get_field(self.reference), meta.get_field(self.copy)
        other = reference.remote_field.model._meta
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({quote(reference.column)}, "
            f"{quote(copy.column)}) REFERENCES {quote(other.db_table)} "
            f"({quote(other.pk.column)}, {quote(other.get_field(self.of).column)}) "
            f"ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(self, model: Any, editor: Any) -> Any:
        return Statement(
            "ALTER TABLE %(table)s ADD %(constraint)s",
            table=editor.quote_name(model._meta.db_table),
            constraint=self.constraint_sql(model, editor),
        )

    def remove_sql(self, model: Any, editor: Any) -> Any:
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
        return isinstance(other, CopiedValueKey) and self.deconstruct() == other.deconstruct()


def _derive_related_rules(sender: type[models.Model], **_kwargs: Any) -> None:
    constraints = sender._meta.constraints
    keys = [each for each in constraints if isinstance(each, CopiedValueKey)]
    originals = {key.copy: models.F(f"{key.reference}__{key.of}") for key in keys}
    if not (originals and issubclass(sender, Ruled)):
        return
    derived = (
        RelatedRule(
            name=rule.name,
            field=rule.field,
            condition=_replaced(rule.condition, originals),
            message=rule.violation_error_message,
            code=rule.violation_error_code or rule.name,
        )
        for rule in constraints
        if isinstance(rule, RowRule) and names_in(rule.condition) & originals.keys()
    )
    sender.related_rules = (*derived, *sender.related_rules)


def _replaced(part: Any, originals: dict[str, models.F]) -> Any:
    """A condition in which the originals stand where it names their copies on the right."""
    if isinstance(part, models.Q):
        children = [_replaced(child, originals) for child in part.children]
        return models.Q.create(children, part.connector, part.negated)
    if isinstance(part, tuple):
        return part[0], _replaced(part[1], originals)
    if isinstance(part, models.F):
        return originals.get(part.name, part)  # type: ignore[attr-defined]  # missing in the stub
    return part


# Before any model is made: a model with copies imports this module.
class_prepared.connect(_derive_related_rules, dispatch_uid="derive_related_rules")
