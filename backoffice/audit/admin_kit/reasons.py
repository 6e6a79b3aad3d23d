"""Forms that ask why, where the roles' page says that a change needs a reason.

A model says so in `needs_reason_from(user)`, of the row as it is stored.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.audit.admin_kit.actions import reason_field
from backoffice.audit.record.recording import current_record

FIELD = "change_reason"


class ReasonMixin:
    """Puts a field for the reason on the form of a row that needs one."""

    def is_reason_required(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None or obj.pk is None or not self.has_change_permission(request, obj):
            return False
        return obj.needs_reason_from(request.user)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if self.is_reason_required(request, obj):
            base = kwargs.get("form", self.form)
            kwargs["form"] = type(f"{base.__name__}WithReason", (base,), {FIELD: reason_field()})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = list(super().get_fieldsets(request, obj))
        if self.is_reason_required(request, obj):
            fieldsets.append((_("Why do you change it?"), {"fields": (FIELD,)}))
        return fieldsets

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        # The change set is written with the first change: the reason has to be there before.
        record, reason = current_record(), form.cleaned_data.get(FIELD)
        if record and reason:
            record.reason = reason
        return super().save_form(request, form, change)
