"""Whoever adds a row is its author; nobody writes in another's name."""

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest

from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm

SIGNED = ("author", "sender", "created_by")


class AuthoredForm(OptimisticLockForm):
    """Signs a new row before its rules run."""

    author: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Now, so that the model's rules find the author.
        if self.author and self.instance._state.adding:
            _sign(self.instance, self.author)


class AuthorMixin(AuditedAdmin):
    """Signs rows that are added, on their form or in an inline, with the person who adds them."""

    form = AuthoredForm

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.author = request.user  # the class is made anew for each request
        return form

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        # Inline forms have no user: their rows are signed before they are saved.
        for each in formset.forms:
            if each.instance._state.adding:
                _sign(each.instance, request.user)
        super().save_formset(request, form, formset, change)


def _sign(row: models.Model, person: Any) -> None:
    for name in {field.name for field in row._meta.fields} & set(SIGNED):
        setattr(row, name, person)
