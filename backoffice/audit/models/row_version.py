"""The version of a row: a short digest of what it holds, by which a change of it is seen."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar, cast

from django.db import models
from django.utils.crypto import salted_hmac

SALT = "backoffice.audit.row_version"
DIGITS = 20


def watched(model: type[models.Model]) -> list[models.Field]:
    """The fields people fill in: not those that every save or the database itself sets."""
    return [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.generated or getattr(field, "auto_now", False))
    ]


def plain(field: models.Field, row: models.Model) -> Any:
    """A field's value in a row or in a version of it, fit to be compared."""
    value = getattr(row, field.attname)
    # A history keeps the name of a file alone.
    is_file = isinstance(field, models.FileField)
    return getattr(value, "name", value) if is_file else field.to_python(value)


def version_of(row: models.Model, fields: Iterable[models.Field]) -> str:
    """The digest of these fields of a row, 20 hexadecimal digits."""
    values = [(field.name, _unscaled(plain(field, row))) for field in fields]
    # With a key: a page must not let anybody guess values that it does not show.
    whole = salted_hmac(SALT, repr((row._meta.label_lower, row.pk, values)), algorithm="sha256")
    return whole.hexdigest()[:DIGITS]


def _unscaled(value: Any) -> Any:
    """A value as the database has it: 11 in memory is 11.00 there, and a choice is its text."""
    if isinstance(value, str):
        return str(value)
    return value.normalize() if isinstance(value, Decimal) else value


class Versioned:
    """Gives a model the version that dialogs compare before they store anything.

    `version_excludes` names the fields whose change is none of the row's, such as a login's time.
    """

    version_excludes: ClassVar[tuple[str, ...]] = ()

    def lock_version(self) -> str:
        """The version of the row as it is; to override where less or more is one thing."""
        row = cast(models.Model, self)
        fields = [each for each in watched(type(row)) if each.name not in self.version_excludes]
        return version_of(row, fields)
