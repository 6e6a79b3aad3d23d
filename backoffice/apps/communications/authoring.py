"""Whoever writes something is its author; nobody writes in another's name."""

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest

from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm

SIGNED = ("author", "sender", "created_by")


class AuthoredForm(OptimisticLockForm):
    """A new row has its author before the rules are asked about it."""

    author: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.author and self.instance._state.adding:
            _sign(self.instance, self.author)


class Authored:
    """Puts the person who adds a row, on its form or in an inline, down as its author."""

    form = AuthoredForm

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form knows who writes."""
        form = super().get_form(request, obj, **kwargs)
        form.author = request.user
        return form

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The rows of an inline."""
        for each in formset.forms:
            if each.instance._state.adding:
                _sign(each.instance, request.user)
        super().save_formset(request, form, formset, change)


def _sign(row: models.Model, person: Any) -> None:
    for name in {field.name for field in row._meta.fields} & set(SIGNED):
        setattr(row, name, person)
