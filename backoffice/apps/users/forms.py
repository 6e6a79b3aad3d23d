"""Forms of the people's admin pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.forms import UserChangeForm

from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm


class PersonForm(OptimisticLockForm, UserChangeForm):
    """A student's username need not be typed: it is the student ID."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            self.fields["username"].required = False
        if "is_active" in self.fields:
            self.fields["is_active"].help_text = _("Switch it off for whoever has left.")

    def clean(self) -> dict[str, Any]:
        """Take the student ID for the username of a student; others need one.

        An account of staff is switched on by two people (see promoting.py).
        """
        cleaned = super().clean() or self.cleaned_data
        self._check_activity(cleaned)
        if "username" not in cleaned or cleaned["username"]:
            return cleaned
        if cleaned.get("role", self.instance.role) == User.Role.STUDENT:
            cleaned["username"] = cleaned.get("student_id") or ""
        if not cleaned["username"]:
            message = _("Enter a username, or the student ID of a student.")
            self.add_error("username", forms.ValidationError(message, code="required"))
        return cleaned

    def _check_activity(self, cleaned: dict[str, Any]) -> None:
        is_staff = cleaned.get("role", self.instance.role) != User.Role.STUDENT
        is_switched_on = cleaned.get("is_active") and not self.initial.get("is_active")
        if self.instance.pk and is_staff and is_switched_on:
            message = _(
                "Another admin has to agree before an account of staff works. Use “Change role”."
            )
            self.add_error("is_active", forms.ValidationError(message, code="two_people"))
