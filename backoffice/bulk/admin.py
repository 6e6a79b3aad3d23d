"""Imports on the admin site."""

from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display

from backoffice.admin_site.model_admin import PlainAdmin
from backoffice.admin_site.roles import may
from backoffice.bulk.agreeing import held_for
from backoffice.bulk.delivery_pages import DeliveryPages
from backoffice.bulk.export_pages import ExportPages
from backoffice.bulk.models import Batch
from backoffice.bulk.pages import BatchPages
from backoffice.bulk.resources import kinds
from backoffice.bulk.undo_pages import UndoPages

STATE_COLOURS = {
    Batch.State.PREVIEWED: "info",
    Batch.State.QUEUED: "info",
    Batch.State.HELD: "warning",
    Batch.State.READING: "info",
    Batch.State.ORDERED: "info",
    Batch.State.APPLYING: "info",
    Batch.State.APPLIED: "success",
    Batch.State.REFUSED: "danger",
    Batch.State.FAILED: "danger",
}


@admin.register(Batch)
class BatchAdmin(ExportPages, UndoPages, DeliveryPages, BatchPages, PlainAdmin):
    """All imports; the pages of one are our own."""

    icon = "upload_file"
    empty_hint = _("Import a file, and see exactly what would change before anything is written.")
    list_display = ("shown_file", "shown_kind", "shown_state", "rows", "shown_written", "rejected")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        "kind",
        ("mode", ChoicesDropdownFilter),
        ("uploaded_at", RangeDateTimeFilter),
    )
    search_fields = ("file_name", "uploader_name")
    actions_list = ("new_import",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An import begins with a file, not with this form; see the upload page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits what is on record about an import."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor does anybody remove it."""
        return False

    def has_upload_permission(self, request: HttpRequest) -> bool:
        """Who may bring a file in at all."""
        return may(request.user, "add", Batch)

    def sidebar_badge(self, request: HttpRequest) -> int:
        """How many wait for this person's decision."""
        own = Batch.objects.waiting().filter(uploaded_by=request.user.pk)
        return (own | held_for(request.user))[:100].count()

    @action(description=_("Import a file"), icon="upload_file", permissions=["upload"])
    def new_import(self, request: HttpRequest) -> HttpResponse:
        """The way from the list to the upload page."""
        return redirect("admin:bulk_batch_upload")

    @display(description=_("file"), header=True, ordering="pk")
    def shown_file(self, batch: Batch) -> list[str]:
        """The file's name, and who brought it when."""
        when = f"{batch.uploaded_at:%Y-%m-%d %H:%M}"
        return [batch.file_name, f"{batch.uploader_name} · {when}"]

    @display(description=_("kind"), ordering="kind")
    def shown_kind(self, batch: Batch) -> str:
        """The kind of rows, as people call it."""
        return capfirst(kinds[batch.kind].label) if batch.kind in kinds else batch.kind

    @display(description=_("rows written"), empty_value="–")
    def shown_written(self, batch: Batch) -> str | None:
        """How many rows the import wrote, none before it was applied."""
        return intcomma(batch.writes) if batch.is_applied else None

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def shown_state(self, batch: Batch) -> tuple[str, str]:
        """The state in words, in its colour."""
        return batch.state, batch.get_state_display()
