"""Change sets, approvals and the access record on the admin site."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.admin_site.changelist.question_filter import QuestionFilter
from backoffice.audit.admin_kit.actions import ActionForm, RowAction, RowActionMixin
from backoffice.audit.admin_kit.approvals import (
    approve,
    decidable_by,
    preview_address,
    refuse,
)
from backoffice.audit.admin_kit.read_only import ReadOnlyAdmin
from backoffice.audit.models import Approval, ChangeSet
from backoffice.audit.reports.change_set_page import context_of
from backoffice.audit.reports.changes import summaries_of

APPROVAL_COLOURS = {
    Approval.State.WAITING: "warning",
    Approval.State.APPROVED: "success",
    Approval.State.REFUSED: "danger",
}


class SourceFilter(ChoicesDropdownFilter):
    """Which way a change came."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("way in")


@admin.register(ChangeSet)
class ChangeSetAdmin(ReadOnlyAdmin):
    """Who changed something, when, through what, why."""

    icon = "history"
    empty_hint = gettext_lazy("Whatever is changed from now on stands here: who, when and why.")
    list_display = ("display_time", "actor_name", "display_what", "source", "reason")
    list_filter = (
        QuestionFilter,
        ("actor", AutocompleteSelectFilter),
        ("source", SourceFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("actor_name", "reason", "request_id")
    search_help_text = gettext_lazy("Who, or words of the reason")
    ordering = ("-pk",)
    change_form_after_template = "audit/changed_rows.html"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        # One query for the whole page, not one for each row.
        words = summaries_of(row for row in changelist.result_list if row.batch is None)
        for row in changelist.result_list:
            row.summary = words.get(row.pk, "")
        return changelist

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            context |= context_of(row, request)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=gettext_lazy("what"))
    def display_what(self, change_set: ChangeSet) -> str:
        if change_set.batch is not None:
            return _("import %(number)d") % {"number": change_set.batch}
        return change_set.summary

    @display(description=gettext_lazy("when (UTC)"), ordering="pk")
    def display_time(self, change_set: ChangeSet) -> str:
        return f"{change_set.created_at:%Y-%m-%d %H:%M:%S}"


class NoteForm(ActionForm):
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
class ApprovalAdmin(RowActionMixin, ReadOnlyAdmin):
    """What one person asked for and another one decides."""

    icon = "approval"
    empty_hint = gettext_lazy(
        "What takes two people, such as another role, waits here for the second one."
    )
    list_display = ("sentence", "display_state", "requested_name", "requested_at", "decided_name")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("sentence", "requested_name", "reason")
    exclude = (
        *("payload", "secret", "subject_label", "subject_id", "action"),
        *("requested_by", "decided_by"),
    )
    row_actions = ("agree", "disagree")

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links, address = super().further_links(request, row), preview_address(cast(Approval, row))
        link = {"title": _("What would be done"), "icon": "preview", "address": address}
        return [*links, link] if address else links

    @display(description=gettext_lazy("state"), label=APPROVAL_COLOURS, ordering="state")
    def display_state(self, approval: Approval) -> tuple[str, str]:
        return approval.state, approval.get_state_display()

    @RowAction(
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
        approve(approval, form.request.user, form.cleaned_data["note"])
        return _("Approved and done.")

    @RowAction(
        gettext_lazy("Refuse"),
        icon="close",
        verb="approve",
        form=NoteForm,
        when=_is_waiting,
        refusal=gettext_lazy("This was decided already."),
    )
    def disagree(self, form: NoteForm, approval: Approval) -> str:
        refuse(approval, form.request.user, form.cleaned_data["note"])
        return _("Refused; nothing was done.")

    def sidebar_badge(self, request: HttpRequest) -> int:
        return decidable_by(request.user)[:100].count()
