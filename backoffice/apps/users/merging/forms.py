"""Which record is the other one, and why the two are one person's."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.apps.users.merging.requests import named
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.actions import ReasonForm, reason_field
from backoffice.audit.reports.timeline_form import RowSelect

OTHER, REMAINS, CHECK = "other", "remains", "check"


class OtherRecordForm(forms.Form):
    """Which record is the same person's."""

    other = forms.ModelChoiceField(
        User._base_manager.none(),
        label=_("The other record"),
        widget=RowSelect(
            User._meta.get_field("merged_into"),
            admin.site,
            attrs={
                "class": "unfold-filter-autocomplete",
                "data-placeholder": _("Name or student ID"),
            },
        ),
        error_messages={
            "invalid_choice": _("There is no such student. Choose one from the list."),
            "required": _("Choose the other record of this person."),
        },
    )

    def __init__(self, people: Any, *args: Any) -> None:
        super().__init__(*args)
        self.fields[OTHER].queryset = people


class MergeForm(forms.Form):
    """Why the two records are one person's; `check` is what the page showed."""

    reason = reason_field()
    check_digest = forms.CharField(required=False, widget=forms.HiddenInput())


class UndoMergeForm(ReasonForm):
    """Which merge is undone, and why."""

    duplicate = forms.ModelChoiceField(
        User._base_manager.none(),
        label=_("Merged record"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("duplicate", "reason")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fields["duplicate"].queryset = self.rows[0].merged_records.order_by("-pk")
        self.fields["duplicate"].label_from_instance = named
