"""One row's life: found by its key, changed, recorded, deleted, visible to the right people."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models, transaction

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.roles import ADMIN, AUDITOR, INSTRUCTOR, REGISTRAR, STUDENT
from backoffice.operations.model_trial.examples import Examples

ACCOUNTS = (ADMIN, REGISTRAR, INSTRUCTOR, AUDITOR)
# The types of a row's history rows, newest first.
CHANGED, DELETED = "~+", "-~+"


class Broken(Exception):
    """A model does not do what it promises; the message says what, as a sentence."""


def try_reading(row: Any, examples: Examples) -> int:
    """The natural key finds the row as it was saved."""
    model = type(row)
    if not row.natural_key():
        raise Broken("it has no natural key.")
    loaded = model._default_manager.get_by_natural_key(*row.natural_key())
    for field in model._meta.concrete_fields:
        saved, read = _stored(field, row), _stored(field, loaded)
        if not field.generated and saved != read:
            raise Broken(f"{field.name} was saved as {saved!r} and is read as {read!r}.")
    return 1


def _stored(field: models.Field, row: Any) -> Any:
    # A row in memory may hold another type than the database returns, such as an int for a decimal.
    return field.to_python(field.get_prep_value(getattr(row, field.attname)))


def try_changing(row: Any, examples: Examples) -> int:
    """A change of a field is stored and recorded."""
    field = _changed_field(row, examples)
    row.save()
    stored = type(row)._base_manager.get(pk=row.pk)
    if getattr(stored, field.attname) != getattr(row, field.attname):
        raise Broken(f"a change of {field.name} is not stored.")
    newest = _history(row, CHANGED)
    if getattr(newest, field.attname) != getattr(row, field.attname):
        raise Broken(f"history does not say what {field.name} became.")
    row.refresh_from_db()
    return 1


def _changed_field(row: Any, examples: Examples) -> models.Field:
    """Set one field that history records to another valid value; returns the field."""
    excluded = getattr(row, "history_excludes", ())
    fields = [f for f in row._meta.concrete_fields if f.editable and not f.generated]
    # Relations last: their other value costs a new row. Before them choices, such as a role: rows
    # made later may need the one that stands there.
    for field in sorted(fields, key=lambda field: (field.is_relation, bool(field.choices))):
        before = getattr(row, field.attname)
        for value in _others(field, before, examples) if field.name not in excluded else ():
            setattr(row, field.name, value)
            # A model may put back what follows from another field.
            if _is_valid(row) and getattr(row, field.attname) != before:
                return field
        setattr(row, field.attname, before)
    raise Broken("no field takes another value.")


def _others(field: Any, before: Any, examples: Examples) -> Iterator[Any]:
    if field.is_relation:
        if field.related_model is not field.model:
            yield examples.another(field.related_model)
    elif field.choices:
        yield from (value for value, _label in field.flatchoices if value != before)
    elif isinstance(field, models.BooleanField):
        yield not before
    elif isinstance(field, (models.CharField, models.TextField)):
        yield f"{before}x"
    elif isinstance(field, (models.IntegerField, models.DecimalField)):
        yield (before or 0) + 1


def _is_valid(row: Any) -> bool:
    try:
        row.full_clean()
    except ValidationError:
        return False
    return True


def _history(row: Any, expected: str) -> Any:
    """The newest history row; raises Broken where the types are not the expected ones."""
    if not hasattr(type(row), "history"):
        raise Broken("it keeps no history.")
    rows = list(type(row).history.filter(**{row._meta.pk.attname: row.pk}).order_by("-history_id"))
    types = "".join(each.history_type for each in rows)
    if types != expected:
        raise Broken(f"its history says {types!r} where it should say {expected!r}.")
    return rows[0]


def try_deleting(row: Any, examples: Examples) -> int:
    """A row nobody refers to can be deleted, and the deletion is recorded."""
    key = row.pk
    with transaction.atomic():
        row.delete()
        row.pk = key  # Django has cleared it
        _history(row, DELETED)
        transaction.set_rollback(True)
    return 1


def try_seeing(row: Any, examples: Examples) -> int:
    """Each role sees the row, or not, as the table of roles says; returns how many were tried."""
    superuser = get_user_model()(is_superuser=True, is_staff=True, role=ADMIN)
    _see(row, superuser, "a superuser", True)
    _see(row, AnonymousUser(), "somebody not logged in", False)
    grants = [grant for grant in roles.grants_of(row._meta.label_lower) if grant.verb == "view"]
    scopes = {role: {g.scope for g in grants if g.role == role} for role in (*ACCOUNTS, STUDENT)}
    # Whether a narrower scope includes the row depends on the row, so such roles are left out.
    testable = [role for role, granted in scopes.items() if granted in (set(), {"*"})]
    for role in testable:
        _see(row, examples.person(role), f"a new {role}", bool(scopes[role]))
    return 2 + len(testable)


def _see(row: Any, person: Any, who: str, is_expected: bool) -> None:
    is_visible = type(row).objects.visible_to(person).filter(pk=row.pk).exists()
    if is_visible != is_expected:
        raise Broken(
            f"{who} {'sees' if is_visible else 'does not see'} it, against the table of roles."
        )
