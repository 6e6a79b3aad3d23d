"""Whoever writes something is its author; nobody writes in another's name."""

from typing import Any

from django.db import models
from django.http import HttpRequest

SIGNED = ("author", "sender", "created_by")


class Authored:
    """Puts the person who adds a row, on its form or in an inline, down as its author."""

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        """A row of one's own."""
        if not change:
            _sign(obj, request.user)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The rows of an inline."""
        for each in formset.forms:
            if each.instance._state.adding:
                _sign(each.instance, request.user)
        super().save_formset(request, form, formset, change)


def _sign(row: models.Model, person: Any) -> None:
    for name in {field.name for field in row._meta.fields} & set(SIGNED):
        setattr(row, name, person)
