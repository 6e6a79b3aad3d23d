"""Forms and dialogs of the people's admin pages."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.admin_site.login.pages import PasswordAloneForm
from backoffice.apps.users.enrollments.enrolling import excess_sentence, excesses_with
from backoffice.apps.users.identities.similar_people import SimilarPersonForm
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, reason_field
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm
from backoffice.audit.admin_kit.reasons import FIELD
from backoffice.audit.record.second_person import newest_change

NEW_PASSWORD = {"autocomplete": "new-password"}


class PersonForm(SimilarPersonForm, OptimisticLockForm, UserChangeForm):
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


class StaffPasswordForm(PasswordAloneForm, AdminPasswordChangeForm):
    """Django's form of a new password for somebody else."""


class WithdrawForm(ReasonForm):
    """From which day, and why."""

    # In a dialog, a field without a widget of the theme would be invisible.
    withdrawn_on = forms.DateField(
        label=_("Withdrawn on"), initial=timezone.localdate, widget=UnfoldAdminDateWidget
    )
    field_order = ("withdrawn_on", "reason")


class DayForm(ReasonForm):
    """From which day somebody is withdrawn, and why it is corrected."""

    withdrawn_on = forms.DateField(
        label=_("Withdrawn on"),
        required=False,
        widget=UnfoldAdminDateWidget,
        help_text=_("Blank where this person is not withdrawn."),
    )
    field_order = ("withdrawn_on", "reason")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["withdrawn_on"].initial = self.rows[0].withdrawn_on


class ReturnForm(ReasonForm):
    """Why people become active again; where a course is full, the reason is for that, too."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        sentences = [excess_sentence(each) for each in excesses_with(self.rows)]
        if sentences:
            over = gettext("With this, %(sentences)s Say why in at least 10 characters.")
            self.fields["reason"].help_text = over % {"sentences": " ".join(sentences)}


class EndForm(ActionForm):
    """How it ended, in the school's words."""

    final_result = forms.CharField(
        label=_("Final result"),
        required=False,
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For example Pass or Distinction. Blank leaves what stands there."),
    )


def _hidden_reason() -> forms.CharField:
    field = reason_field()
    field.required, field.label = False, _("Why over the limit?")
    field.widget = forms.HiddenInput()
    return field


class EnrollmentForm(OptimisticLockForm):
    """Asks why, where somebody comes into a full course."""

    # Out of sight until it is needed; where a page asks for a reason anyway, that one stands.
    change_reason = _hidden_reason()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.instance.is_excess_allowed = bool(cleaned.get(FIELD))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's, and not in the stubs
        if self.instance.excess and self.fields[FIELD].widget.is_hidden:
            self.fields[FIELD].widget = reason_field().widget


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


class ConfirmForm(ReasonForm):
    """Why somebody holds an account, and up to which change of it that was looked at."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["seen"].initial = newest_change(self.rows[0])


class EmailForm(ReasonForm):
    """Which e-mail address, and why."""

    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=UnfoldAdminEmailInputWidget, max_length=254
    )
    field_order = ("email", "reason")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["email"].initial = self.rows[0].email
