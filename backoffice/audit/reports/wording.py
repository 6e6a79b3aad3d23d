"""The values of a row as text, and what its fields are called."""

from typing import Any

from django.db import models
from django.utils.text import capfirst

from backoffice.admin_site.pages.history import readable


def worded(row: models.Model, name: str) -> str:
    """A field's value as people write it; blank where there is none."""
    value: Any = getattr(row, name)
    return "" if value is None else str(readable(row._meta.get_field(name), value))


def label_of(model: type[models.Model], name: str) -> str:
    """What a field is called at the head of a column."""
    return capfirst(str(model._meta.get_field(name).verbose_name))
