"""The values of a row as people read them: the words of a choice, numbers as numbers, ISO dates."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.text import capfirst


def worded(row: models.Model, name: str) -> str:
    """A field's value; blank where there is none."""
    value = getattr(row, name)
    if value is None:
        return ""
    if row._meta.get_field(name).choices:
        return str(getattr(row, f"get_{name}_display")())
    return plain(value)


def plain(value: Any) -> str:
    """A value without what says nothing: 97.00 is 97, a time ends with its seconds."""
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else str(value)


def label_of(model: type[models.Model], name: str) -> str:
    """What a field is called at the head of a column."""
    return capfirst(str(model._meta.get_field(name).verbose_name))
