"""Whether the database refuses what a model forbids: each constraint is broken past the model."""

import copy
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice, product
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from backoffice.admin_site.models.denormalized import CopiedValueKey
from backoffice.admin_site.models.rules import names_in
from backoffice.operations.model_trial.examples import Examples
from backoffice.operations.model_trial.rows import Broken

MOST_TRIES = 400
Values = dict[str, Any]


def try_constraints(row: Any, examples: Examples) -> int:
    """Break each constraint of the row's model; returns how many refused under their own name."""
    model, refused = type(row), 0
    _refuse_twin(row)
    for field in model._meta.concrete_fields:
        if field.is_relation and field.db_constraint:
            _refuse_later(row, {field.attname: _no_row_of(field)}, field.name)
            refused += 1
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            _find_unique(model, constraint)
        elif isinstance(constraint, CopiedValueKey):
            _refuse_later(row, _wrong_copy(row, constraint, examples), constraint.name)
        elif not _refuse_row(row, constraint):
            continue
        refused += 1
    return refused


def _refuse_twin(row: Any) -> None:
    """Insert the same row again, where something of it must be unique."""
    model = type(row)
    uniques = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    own = [field for field in model._meta.concrete_fields if not field.primary_key]
    if not uniques and not any(field.unique for field in own):
        return
    twin = copy.copy(row)
    twin.pk, twin._state = None, models.base.ModelState()
    try:
        with transaction.atomic():
            models.Model.save_base(twin, raw=True, force_insert=True)
    except IntegrityError:
        return
    raise Broken("the database takes the same row twice.")


def _find_unique(model: type[models.Model], constraint: models.UniqueConstraint) -> None:
    # The twin breaks all unique rules at once, so it cannot show that each is in the database.
    with connection.cursor() as cursor:
        held = connection.introspection.get_constraints(cursor, model._meta.db_table)
    stored = held.get(constraint.name, {})
    columns = [model._meta.get_field(name).column for name in constraint.fields]
    if not stored.get("unique") or stored["columns"] != columns:
        raise Broken(f"the database does not hold {constraint.name}.")


def _wrong_copy(row: Any, constraint: CopiedValueKey, examples: Examples) -> Values:
    field = row._meta.get_field(constraint.copy)
    if field.is_relation:
        return {field.attname: examples.another(field.related_model).pk}
    return {field.attname: getattr(row, field.attname) + 1}


def _no_row_of(field: models.ForeignKey) -> int:
    """A key that no row has: the largest that the column holds."""
    return connection.ops.integer_field_range(field.target_field.get_internal_type())[1]


def _refuse_later(row: Any, values: Values, name: str) -> None:
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**values)
            # Foreign keys are checked when a transaction ends, and ours never commits.
            connection.check_constraints([row._meta.db_table])
            transaction.set_rollback(True)
    except IntegrityError:
        return
    raise Broken(f"the database takes a reference that {name} forbids.")


def _refuse_row(row: Any, check: models.CheckConstraint) -> bool:
    """Whether a violation was refused under the constraint's name."""
    for values in _violations(row, check):
        try:
            with transaction.atomic():
                type(row)._base_manager.filter(pk=row.pk).update(**values)
                transaction.set_rollback(True)
        except IntegrityError as refusal:
            # A violation that breaks other constraints too may be refused under their names.
            if check.name in str(refusal):
                return True
        else:
            raise Broken(f"the database takes {values}, which {check.name} forbids.")
    return False


def _violations(row: Any, check: models.CheckConstraint) -> Iterator[Values]:
    """Values for the fields of a check that break it, fewest changes first."""
    fields = [row._meta.get_field(name) for name in sorted(names_in(check.condition))]
    choices = [[getattr(row, f.attname), *_extremes(row, f, fields)] for f in fields]
    ranked = sorted(
        product(*(enumerate(each) for each in choices)),
        key=lambda chosen: sum(bool(rank) for rank, _value in chosen),
    )
    for chosen in islice(ranked, 1, MOST_TRIES):
        values = {f.attname: value for f, (_, value) in zip(fields, chosen, strict=True)}
        if _is_violated(row, check, values):
            yield values


def _extremes(row: Any, field: Any, fields: list[Any]) -> Iterator[Any]:
    if field.null:
        yield None
    if field.is_relation:
        alike = [f for f in fields if f.is_relation and f is not field]
        yield from (getattr(row, other.attname) for other in alike)
        if field.related_model is type(row):
            yield row.pk
    elif field.choices:
        yield from (value for value, _label in field.flatchoices)
    else:
        yield from _extremes_by_kind(field, getattr(row, field.attname))


def _extremes_by_kind(field: Any, value: Any) -> Iterator[Any]:
    if isinstance(field, models.BooleanField):
        yield not value
    elif isinstance(field, models.DecimalField):
        yield from (Decimal(-1), Decimal(0), Decimal(10) ** (field.max_digits - 2) - 1)
    elif isinstance(field, models.IntegerField):
        yield from (-1, 0, 1, 30_000)
    elif isinstance(value, date):
        yield from (value - timedelta(days=60), value + timedelta(days=60))
    elif isinstance(field, (models.CharField, models.TextField)):
        # Expressions, as a field may tidy a plain text before the database sees it.
        yield from (models.Value(text, models.TextField()) for text in ("", "A@B.C"))


def _is_violated(row: Any, check: models.CheckConstraint, values: Values) -> bool:
    changed = copy.copy(row)
    for name, value in values.items():
        setattr(changed, name, value)
    try:
        check.validate(type(row), changed)
    except ValidationError:
        return True
    return False
