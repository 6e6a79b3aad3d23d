"""The page on which an applied import is undone."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.jobs.tasks import queue_undo
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.pages.upload_form import reason_field
from backoffice.bulk.pipeline.apply import NotApplied
from backoffice.bulk.undo.undo import prospect_of, refuse_foreign

MOST_UNCHANGED = 100


class UndoForm(forms.Form):
    """The reason of an undo."""

    reason = reason_field(gettext_lazy("Stands in the history of every row that goes back."))


class UndoViewsMixin:
    """The view that undoes an import, for the batch admin; only the uploader uses it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)
        return [path("<int:number>/undo/", view, name="bulk_batch_undo"), *super().get_urls()]

    def undo_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show what an undo would do, or do it. Raises PermissionDenied where none is possible."""
        batch = self._owned(request, number)
        if not batch.can_be_undone:
            raise PermissionDenied
        try:
            refuse_foreign(batch, request.user)  # nor is told what became of its rows
        except NotApplied as refusal:
            messages.error(request, str(refusal))
            return self._to(batch)
        form = UndoForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._undone(request, batch, form.cleaned_data["reason"])
        prospect = prospect_of(batch)
        context: dict[str, Any] = {
            "title": _("Undo import %(number)d") % {"number": batch.pk},
            "opts": self.opts,
            "original": batch,
            "batch": batch,
            "resource": kinds[batch.kind],
            "form": form,
            "prospect": prospect,
            "unchanged_rows": prospect.left_alone[:MOST_UNCHANGED],
        }
        return self._page(request, "bulk/undo.html", context)

    def _undone(self, request: HttpRequest, batch: Batch, reason: str) -> HttpResponse:
        try:
            made = queue_undo(batch, request.user, reason)
        except NotApplied as refusal:
            messages.error(request, str(refusal))
            return self._to(batch)
        if made.is_applied:
            messages.success(request, _("Import %(number)d was undone.") % {"number": batch.pk})
        return self._to(made)
