"""Forms and dialogs of the courses' admin pages."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.audit.admin_kit.actions import ReasonForm


class AssignForm(ReasonForm):
    """To whom a course is given, and why."""

    # In a dialog, a field without a widget of the theme would be invisible.
    instructor = forms.ModelChoiceField(
        label=_("Instructor"), queryset=None, widget=UnfoldAdminSelectWidget
    )
    field_order = ("instructor", "reason")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        people = get_user_model().objects.active().filter(role="instructor")
        self.fields["instructor"].queryset = people.order_by("last_name", "first_name", "pk")
        if len(self.rows) == 1:
            self.fields["instructor"].initial = self.rows[0].instructor_id
