"""Change sets and approvals on the admin site."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.admin_site.asking import AskedFilter
from backoffice.admin_site.model_admin import PlainAdmin
from backoffice.audit.approving import approve, refuse
from backoffice.audit.deeds import Deed, DeedForm, DeedPages
from backoffice.audit.models import Approval, ChangeSet

APPROVAL_COLOURS = {
    Approval.State.WAITING: "warning",
    Approval.State.APPROVED: "success",
    Approval.State.REFUSED: "danger",
}


class ReadOnlyAdmin(PlainAdmin):
    """What is recorded: to look at, never to touch."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It records itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is recorded stands."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And stays."""
        return False


@admin.register(ChangeSet)
class ChangeSetAdmin(ReadOnlyAdmin):
    """Deeds: who, when, through what, why."""

    icon = "history"
    empty_hint = gettext_lazy("Whatever is changed from now on stands here: who, when and why.")
    list_display = ("shown_when", "actor_name", "source", "reason", "batch")
    list_filter = (
        AskedFilter,
        ("source", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("actor_name", "reason", "request_id")
    ordering = ("-pk",)

    @display(description=gettext_lazy("when (UTC)"), ordering="pk")
    def shown_when(self, change_set: ChangeSet) -> str:
        """To the second."""
        return f"{change_set.created_at:%Y-%m-%d %H:%M:%S}"


class NoteForm(DeedForm):
    """A decision, with a note to whoever asked."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Whoever asked reads it."),
    )


def _is_waiting(approval: Approval) -> bool:
    return approval.state == Approval.State.WAITING


@admin.register(Approval)
class ApprovalAdmin(DeedPages, ReadOnlyAdmin):
    """What one person asked for and another one decides."""

    icon = "approval"
    empty_hint = gettext_lazy(
        "What takes two people, such as another role, waits here for the second one."
    )
    list_display = ("sentence", "shown_state", "requested_name", "requested_at", "decided_name")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("sentence", "requested_name", "reason")
    exclude = ("payload", "subject_label", "subject_id", "deed", "requested_by", "decided_by")
    deeds = ("agree", "disagree")

    @display(description=gettext_lazy("state"), label=APPROVAL_COLOURS, ordering="state")
    def shown_state(self, approval: Approval) -> tuple[str, str]:
        """The state in its colour."""
        return approval.state, approval.get_state_display()

    @Deed(
        gettext_lazy("Approve"),
        icon="check",
        text=gettext_lazy("It is done at once, under both names."),
        verb="approve",
        form=NoteForm,
        when=_is_waiting,
        refusal=gettext_lazy("This was decided already."),
        variant=ActionVariant.PRIMARY,
    )
    def agree(self, form: NoteForm, approval: Approval) -> str:
        """The second person agrees."""
        approve(approval, form.request.user, form.cleaned_data["note"])
        return _("Approved and done.")

    @Deed(
        gettext_lazy("Refuse"),
        icon="close",
        verb="approve",
        form=NoteForm,
        when=_is_waiting,
        refusal=gettext_lazy("This was decided already."),
    )
    def disagree(self, form: NoteForm, approval: Approval) -> str:
        """The second person disagrees."""
        refuse(approval, form.request.user, form.cleaned_data["note"])
        return _("Refused; nothing was done.")

    def sidebar_badge(self, request: HttpRequest) -> int:
        """How many wait for this person."""
        waiting = Approval.objects.waiting().permitted_to(request.user, "approve")
        return waiting.exclude(requested_by=request.user.pk)[:100].count()
