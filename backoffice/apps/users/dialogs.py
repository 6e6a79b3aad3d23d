"""What the deeds with people and enrollments ask for."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.actions import ReasonForm


class WithdrawForm(ReasonForm):
    """From which day, and why."""

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
