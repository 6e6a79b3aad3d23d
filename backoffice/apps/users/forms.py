"""Forms and dialogs of the people's admin pages."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
)

from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.actions import ReasonForm
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm

NEW_PASSWORD = {"autocomplete": "new-password"}


class PersonForm(OptimisticLockForm, UserChangeForm):
    """A student's username need not be typed: it is the student ID."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            self.fields["username"].required = False
        if "is_active" in self.fields:
            self.fields["is_active"].help_text = gettext("Switch it off for whoever has left.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_activity(cleaned)
        if "username" not in cleaned or cleaned["username"]:
            return cleaned
        if cleaned.get("role", self.instance.role) == User.Role.STUDENT:
            cleaned["username"] = cleaned.get("student_id") or ""
        if not cleaned["username"]:
            message = gettext("Enter a username, or the student ID of a student.")
            self.add_error("username", forms.ValidationError(message, code="required"))
        return cleaned

    def _check_activity(self, cleaned: dict[str, Any]) -> None:
        is_staff = cleaned.get("role", self.instance.role) != User.Role.STUDENT
        is_switched_on = cleaned.get("is_active") and not self.initial.get("is_active")
        if self.instance.pk and is_staff and is_switched_on:
            # By two people: see promoting.py.
            message = gettext(
                "Another admin has to agree before an account of staff works. Use “Change role”."
            )
            self.add_error("is_active", forms.ValidationError(message, code="two_people"))


class WithdrawForm(ReasonForm):
    """From which day, and why."""

    # In a dialog, a field without a widget of the theme would be invisible.
    withdrawn_on = forms.DateField(
        label=_("Withdrawn on"), initial=timezone.localdate, widget=UnfoldAdminDateWidget
    )
    field_order = ("withdrawn_on", "reason")


class RoleForm(ReasonForm):
    """Which role, and why."""

    role = forms.ChoiceField(
        label=_("Role"), choices=User.Role.choices, widget=UnfoldAdminSelectWidget
    )
    field_order = ("role", "reason")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["role"].initial = self.rows[0].role


class NewPasswordForm(ReasonForm):
    """A temporary password, twice, and why."""

    password1 = forms.CharField(
        label=_("Password"), strip=False, widget=UnfoldAdminPasswordWidget(NEW_PASSWORD)
    )
    password2 = forms.CharField(
        label=_("Password again"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(NEW_PASSWORD),
        help_text=_("It is temporary: the person chooses another one at the first login."),
    )
    field_order = ("password1", "password2", "reason")

    def clean_password2(self) -> str:
        """Raises ValidationError for another password than the first one."""
        if self.cleaned_data.get("password1") != self.cleaned_data["password2"]:
            raise forms.ValidationError(gettext("The two passwords differ."), code="differ")
        return self.cleaned_data["password2"]


class EmailForm(ReasonForm):
    """Which e-mail address, and why."""

    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=UnfoldAdminEmailInputWidget, max_length=254
    )
    field_order = ("email", "reason")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["email"].initial = self.rows[0].email
