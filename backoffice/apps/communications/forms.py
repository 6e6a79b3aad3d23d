"""Dialogs of the communications' admin pages."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from backoffice.audit.admin_kit.actions import ActionForm


class PlanForm(ActionForm):
    """From which time on an announcement stands."""

    # In a dialog, a field without a widget of the theme would be invisible.
    publish_at = forms.SplitDateTimeField(
        label=_("Shown from"), widget=UnfoldAdminSplitDateTimeWidget
    )
