"""The pages of a delivery: several files uploaded at once, shown as steps."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.permissions.roles import may
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.bulk.jobs.cleanup import fail_if_dead
from backoffice.bulk.jobs.progress import progress_of
from backoffice.bulk.jobs.tasks import queue_undo, read_ready, skip
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pages.delivery_steps import steps_of
from backoffice.bulk.pages.imports import posted
from backoffice.bulk.pages.undo import UndoForm
from backoffice.bulk.pages.upload_form import DeliveryForm, full_disk_on
from backoffice.bulk.pipeline.apply import NotApplied
from backoffice.bulk.pipeline.deliveries import deliver, files_of, waits_for


class DeliveryViewsMixin:
    """Views of several files at once, for the batch admin; only the uploader acts."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = [
            ("delivery/<int:number>/", self.delivery_view, "delivery"),
            ("delivery/<int:number>/undo/", self.undo_delivery_view, "undo_delivery"),
            ("<int:number>/skip/", self.skip_view, "skip"),
        ]
        own = [path(url, wrap(view), name=f"bulk_batch_{name}") for url, view, name in pages]
        return own + super().get_urls()

    def deliver_view(self, request: HttpRequest) -> HttpResponse:
        form_data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = DeliveryForm(*form_data)
        if form.is_valid():
            uploads = [(file, file.name) for file in form.cleaned_data["file"]]
            with full_disk_on(form):
                delivery = deliver(uploads, request.user, **form.options())
                read_ready(delivery)
                return self._to_delivery(delivery)
        allowed_kinds = self._kinds(request)
        context = {
            "title": _("Import files"),
            "form": form,
            "tabs": self._tabs(allowed_kinds),
            "in_order": sorted(allowed_kinds.values(), key=lambda kind: kind.order),
        }
        return self._page(request, "bulk/deliver.html", context)

    def delivery_view(self, request: HttpRequest, number: int) -> HttpResponse:
        delivery = self._visible_delivery(request, number)
        steps = steps_of([fail_if_dead(batch) for batch in files_of(delivery)])
        working = next((each.batch for each in steps if each.batch.is_in_work), None)
        context: dict[str, Any] = {
            "title": str(delivery),
            "delivery": delivery,
            "steps": steps,
            "step": next((each for each in steps if each.is_next), None),
            "done": sum(each.batch.is_finished for each in steps),
            "is_own": self._is_own_delivery(request, delivery),
            "can_be_undone": any(each.batch.can_be_undone for each in steps),
            "unknown": [each for each in delivery.left_out if not each["is_known"]],
            "known": [each for each in delivery.left_out if each["is_known"]],
        }
        context["percent"] = round(100 * context["done"] / len(steps)) if steps else 0
        if working:
            context |= {"batch": working, "progress": progress_of(working)}
        return self._page(request, "bulk/delivery.html", context)

    @posted
    def skip_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Let the other files go on without this one. Raises Http404 for a single file."""
        batch = self._owned(request, number)
        if batch.delivery is None:
            raise Http404
        if not batch.is_finished and skip(batch):
            messages.success(request, _("Skipped; nothing of this file was written."))
        return self._to_delivery(batch.delivery)

    def undo_delivery_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Undo all applied files, the last first. Raises PermissionDenied for others than the
        uploader.
        """
        delivery = self._visible_delivery(request, number)
        applied = [batch for batch in reversed(files_of(delivery)) if batch.can_be_undone]
        if not applied or not self._is_own_delivery(request, delivery):
            raise PermissionDenied
        form = UndoForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._undo_all(request, applied, form.cleaned_data["reason"])
            return self._to_delivery(delivery)
        context = {
            "title": _("Undo all of %(name)s") % {"name": delivery},
            "delivery": delivery,
            "applied": applied,
            "form": form,
        }
        return self._page(request, "bulk/undo_delivery.html", context)

    def _undo_all(self, request: HttpRequest, applied: list[Batch], reason: str) -> None:
        done = 0
        try:
            for batch in applied:
                # A large one is the worker's; those before it may need its rows, so they wait.
                if not queue_undo(batch, request.user, reason).is_applied:
                    template = _(
                        "%(file)s is large and is taken back by the worker. Undo the others then."
                    )
                    messages.warning(request, template % {"file": batch.file_name})
                    break
                done += 1
        except NotApplied as refusal:
            messages.error(request, str(refusal))
        if done:
            template = ngettext(
                "%(count)d import was undone.", "%(count)d imports were undone.", done
            )
            messages.success(request, template % {"count": done})

    def place_in_delivery(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        if batch.delivery is None:
            return {}
        may_see = permitted(Delivery.objects.filter(pk=batch.delivery_id), request.user, "view")
        return {
            "delivery": may_see.first(),
            "files": batch.delivery.batches.count(),
            "waits_for": waits_for(batch),
        }

    def _visible_delivery(self, request: HttpRequest, number: int) -> Delivery:
        return self._row(permitted(Delivery.objects.all(), request.user, "view"), number)

    def _is_own_delivery(self, request: HttpRequest, delivery: Delivery) -> bool:
        is_uploader = delivery.uploaded_by_id == request.user.pk
        return is_uploader and may(request.user, "add", Batch)

    def _to_delivery(self, delivery: Delivery) -> HttpResponseRedirect:
        return redirect("admin:bulk_batch_delivery", delivery.pk)
