"""Whether relations lead to the right rows, there and back, and protect what they name."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.db.models.deletion import ProtectedError

from backoffice.operations.model_trial.examples import Examples
from backoffice.operations.model_trial.rows import Broken

MOST_READ = 10


def try_relations(row: Any, examples: Examples) -> int:
    """Follow every relation of a row; returns how many there are."""
    ahead = [field for field in row._meta.concrete_fields if field.is_relation]
    for field in ahead:
        _try_both_directions(row, field, examples)
    for field in row._meta.many_to_many:
        list(getattr(row, field.name).all()[:MOST_READ])
    for relation in row._meta.related_objects:
        _rows_behind(row, relation)
    return len(ahead) + len(row._meta.many_to_many) + len(row._meta.related_objects)


def _try_both_directions(row: Any, field: Any, examples: Examples) -> None:
    if field.related_model is field.model:
        # Examples name none of their own model: a second row names the first.
        row = examples.another(type(row), **{field.name: row})
    target = getattr(type(row)._base_manager.get(pk=row.pk), field.name)
    if target is None:
        return
    if target.pk != getattr(row, field.attname):
        raise Broken(f"{field.name} leads to another row than it names.")
    if not field.remote_field.hidden and row not in _rows_behind(target, field.remote_field):
        raise Broken(f"{field.remote_field.get_accessor_name()} does not lead back to it.")
    _try_protection(row, field, target)


def _rows_behind(row: Any, relation: Any) -> list[models.Model]:
    name = relation.get_accessor_name()
    if not relation.one_to_one:
        return list(getattr(row, name).all()[:MOST_READ])
    try:
        return [getattr(row, name)]
    except ObjectDoesNotExist:
        return []


def _try_protection(row: Any, field: Any, target: Any) -> None:
    try:
        with transaction.atomic():
            target.delete()
            transaction.set_rollback(True)
    except ProtectedError:
        return
    raise Broken(f"what its {field.name} names can be deleted, and the row with it.")
