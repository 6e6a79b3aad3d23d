"""The pages of an import: upload, preview, apply, outcome."""

import itertools
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backoffice.admin_site.permissions.roles import may
from backoffice.admin_site.spreadsheets import download
from backoffice.audit.access_log.log import note_export
from backoffice.audit.admin_kit.actions import is_too_short
from backoffice.bulk.jobs.cleanup import discard, discard_abandoned, fail_all_dead, fail_if_dead
from backoffice.bulk.jobs.progress import progress_of
from backoffice.bulk.jobs.tasks import cancel, queue_apply, queue_reading, resume
from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.kinds.resource import ImportKind, kinds, kinds_for
from backoffice.bulk.models import Batch, BatchIssue, HeaderMapping
from backoffice.bulk.pages.changed_rows import changed_rows
from backoffice.bulk.pages.encoding_values import sample_values
from backoffice.bulk.pages.mappings.assessment_forms import gradebook_forms
from backoffice.bulk.pages.mappings.header_forms import unknown_headers_form
from backoffice.bulk.pages.mappings.value_forms import unknown_values_form
from backoffice.bulk.pages.quick_fixes import quick_fixes_for, turn_on
from backoffice.bulk.pages.samples import samples_of
from backoffice.bulk.pages.upload_form import LONGEST_REASON, UploadForm, full_disk_on
from backoffice.bulk.pages.upload_help import columns_of, template_of
from backoffice.bulk.pipeline.apply import NotApplied
from backoffice.bulk.pipeline.approval import agree, may_agree
from backoffice.bulk.pipeline.deliveries import waits_for
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out, release
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.pipeline.report import issue_lines, rejected_rows
from backoffice.bulk.read.assessment_mapping import mapped_columns
from backoffice.bulk.read.header_mapping import headers_by_column, read_as
from backoffice.bulk.read.value_mapping import values_read_as
from backoffice.bulk.values.faults import FileRefused, storable

MOST_ISSUES = 100
EVERY = "*"  # column
AUTO = "auto"  # in place of a kind
posted = method_decorator(require_POST)


class BatchViewsMixin:
    """Views of the batch admin. Whoever may see a batch looks; only its uploader acts."""

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("upload/", self.upload_view, "upload"),
            ("template/<str:kind>.csv", self.template_view, "template"),
            ("<int:number>/read/", self.read_view, "read"),
            ("<int:number>/progress/", self.progress_view, "progress"),
            ("<int:number>/apply/", self.apply_view, "apply"),
            ("<int:number>/cancel/", self.cancel_view, "cancel"),
            ("<int:number>/leave-out/", self.leave_out_view, "leave_out"),
            ("<int:number>/fix/", self.fix_view, "fix"),
            ("<int:number>/release/", self.release_view, "release"),
            ("<int:number>/approve/", self.approve_view, "approve"),
            ("<int:number>/discard/", self.discard_view, "discard"),
            ("<int:number>/issues.csv", self.issues_view, "issues"),
            ("<int:number>/file/", self.file_view, "file"),
            ("<int:number>/wrong-rows.csv", self.wrong_rows_view, "wrong_rows"),
        ]
        wrap = self.admin_site.admin_view
        own = [path(url, wrap(view), name=f"bulk_batch_{name}") for url, view, name in pages]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # The list cleans up, so that it works without the hourly command `discard_imports`.
        if may(request.user, "add", Batch):
            discard_abandoned()
        else:
            fail_all_dead()
        return super().changelist_view(request, extra_context)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Choose a kind and a file. Raises PermissionDenied for a kind one may not import."""
        allowed_kinds = self._kinds(request)
        usual = AUTO if len(allowed_kinds) > 1 else next(iter(allowed_kinds), "")
        kind = request.GET.get("kind") or usual
        if allowed_kinds and kind == AUTO:
            return self.deliver_view(request)
        resource = allowed_kinds.get(kind)
        if resource is None:
            raise PermissionDenied
        form_data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(resource, *form_data)
        if form.is_valid():
            file = form.cleaned_data["file"]
            with full_disk_on(form):
                batch = receive(file, file.name, request.user, kind=resource.kind, **form.options())
                return self._to(queue_reading(batch))
        mapped_headers = headers_by_column(resource.kind)
        context = {
            "title": _("Import a file"),
            "form": form,
            "resource": resource,
            "columns": columns_of(resource, mapped_headers),
            "ignored_headers": mapped_headers.get(IGNORED, []),
            "may_see_mappings": may(request.user, "view", HeaderMapping),
            "tabs": self._tabs(allowed_kinds, resource),
        }
        return self._page(request, "bulk/upload.html", context)

    def _kinds(self, request: HttpRequest) -> dict[str, type[ImportKind]]:
        if not may(request.user, "add", Batch):
            return {}
        return kinds_for(lambda model: may(request.user, "import", model))

    def _tabs(self, allowed_kinds: dict[str, Any], chosen: Any = None) -> list[dict[str, Any]]:
        address = reverse("admin:bulk_batch_upload")
        titles: dict[str, tuple[str, Any]] = {AUTO: (_("Let the files say"), None)}
        titles |= {name: (capfirst(each.label), each) for name, each in allowed_kinds.items()}
        return [
            {"title": title, "link": f"{address}?kind={name}", "active": each is chosen}
            for name, (title, each) in titles.items()
        ]

    def template_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """An empty file with the header. Raises PermissionDenied as `upload_view` does."""
        resource = self._kinds(request).get(kind)
        if resource is None:
            raise PermissionDenied
        return download(f"{kind}.csv", [template_of(resource)])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one import. Raises PermissionDenied for a POST: nobody edits an import."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        batch = fail_if_dead(self._visible_batch(request, object_id))
        context = {
            "title": batch.file_name,
            "opts": self.opts,
            "original": batch,
            "batch": batch,
            "resource": kinds.get(batch.kind),
            "is_own": self._is_own(request, batch),
            "errors": list(batch.issues.filter(is_warning=False)[:MOST_ISSUES]),
            "warnings": batch.issues.filter(is_warning=True)[:MOST_ISSUES],
            "earlier": batch.earlier_with_the_same_file(),
            **self.place_in_delivery(request, batch),
            "header_mappings": read_as(batch),
            "value_mappings": values_read_as(batch),
            "assessment_mappings": list(mapped_columns(batch.own_assessments)),
            "corrections": batch.corrections.all(),
        }
        context["has_one_sentence"] = _is_one_sentence(batch, context["errors"])
        if context["is_own"]:
            context["unknown_headers_form"] = unknown_headers_form(batch, request.user)
            context["unknown_values_form"] = unknown_values_form(batch, request.user)
            course = request.GET.get("course", "")
            context |= gradebook_forms(batch, request.user, course)
            context["encoding_values"] = sample_values(batch)
            context["quick_fixes"] = quick_fixes_for(batch)
            context["has_reason"] = not is_too_short(batch.reason)
        context["can_correct"] = context["is_own"] and batch.can_be_corrected
        if batch.is_in_work:
            context["progress"] = progress_of(batch)
        if batch.state in Batch.DECIDABLE:
            context["samples"] = samples_of(batch)
            context["may_agree"] = may_agree(batch, request.user)
        if batch.state == Batch.State.APPLIED:
            context["changes"] = changed_rows(batch, request)
        return self._page(request, "bulk/batch.html", context | (extra_context or {}))

    @posted
    def read_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._owned(request, number)
        is_new = batch.state == Batch.State.RECEIVED and not waits_for(batch)
        if is_new or batch.can_be_read_again:
            queue_reading(batch)
        return self._to(batch)

    def progress_view(self, request: HttpRequest, number: int) -> HttpResponse:
        return JsonResponse(progress_of(fail_if_dead(self._visible_batch(request, number))))

    @posted
    def apply_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._owned(request, number)
        try:
            digest = storable(request.POST.get("digest", ""))
            if queue_apply(batch, digest, request.user):
                messages.success(request, _("The file was applied."))
        except NotApplied as refusal:
            messages.error(request, str(refusal))
            return self._to(batch)
        return self._on_from(batch)

    @posted
    def cancel_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._owned(request, number)
        if cancel(batch):
            messages.success(request, _("Cancelled; nothing was written."))
        else:
            messages.error(request, _("It was too late: the work had ended already."))
        return self._to(batch)

    @posted
    def approve_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._visible_batch(request, number)
        if agree(batch, storable(request.POST.get("digest", "")), request.user):
            message = _("Approved. %(name)s can apply the file now.")
            messages.success(request, message % {"name": batch.uploader_name})
        else:
            messages.error(request, _("This import does not wait for an approval any more."))
        return redirect("admin:bulk_batch_changelist")

    @posted
    def leave_out_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._owned(request, number)
        if batch.can_leave_out:
            leave_wrong_rows_out(batch, queue_reading)
        return self._to(batch)

    @posted
    def fix_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Turn on an option that the refused file asks for, and read the file again."""
        batch, name = self._owned(request, number), request.POST.get("fix", "")
        fix = next((each for each in quick_fixes_for(batch) if each.name == name), None)
        if fix is None:
            messages.error(request, _("The file does not ask for this any more."))
            return self._to(batch)
        try:
            turn_on(batch, fix, " ".join(request.POST.get("reason", "").split())[:LONGEST_REASON])
        except ValueError as refusal:
            messages.error(request, str(refusal))
            return self._to(batch)
        return self._to(queue_reading(batch))

    @posted
    def release_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch, named = self._owned(request, number), request.POST.getlist("column")
        chosen = [name for name in batch.preserved_edits if name in named or EVERY in named]
        if chosen and batch.state in Batch.DECIDABLE:
            release(batch, chosen, queue_reading)
        return self._to(batch)

    @posted
    def discard_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._owned(request, number)
        if discard(batch):
            messages.success(request, _("The file was discarded; nothing was written."))
            resume(batch)
        return self._on_from(batch)

    def issues_view(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = self._visible_batch(request, number)
        return download(f"import-{batch.pk}-issues.csv", issue_lines(batch))

    def file_view(self, request: HttpRequest, number: int) -> FileResponse:
        """The stored file, for its uploader. Raises Http404 once it is removed."""
        batch = self._owned(request, number)
        if not batch.file or not batch.path.exists():
            raise Http404
        # The rows leave the system, so it is on record as an export.
        note_export(request, kinds[batch.kind].model(), batch.rows)
        stream = batch.path.open("rb")
        return FileResponse(stream, as_attachment=True, filename=batch.download_name)

    def wrong_rows_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """The wrong rows as a file to correct. Raises Http404 once the file is removed."""
        batch = self._owned(request, number)
        if not batch.file:
            raise Http404
        lines = rejected_rows(batch)
        try:
            header = next(lines)  # the file is opened here, while an answer can still say so
        except (OSError, FileRefused) as error:
            raise Http404 from error
        return download(f"import-{batch.pk}-wrong-rows.csv", itertools.chain([header], lines))

    def _visible_batch(self, request: HttpRequest, number: int | str) -> Batch:
        return self._row(self.get_queryset(request), number)

    def _row(self, rows: QuerySet[Any], number: int | str) -> Any:
        # More than 18 digits are no bigint: the database would raise an error, not find nothing.
        if not str(number).isdecimal() or len(str(number)) > 18:
            raise Http404
        return get_object_or_404(rows, pk=number)

    def _owned(self, request: HttpRequest, number: int) -> Batch:
        batch = self._visible_batch(request, number)
        if not self._is_own(request, batch):
            raise PermissionDenied
        return batch

    def _is_own(self, request: HttpRequest, batch: Batch) -> bool:
        return batch.uploaded_by_id == request.user.pk and batch.kind in self._kinds(request)

    def _on_from(self, batch: Batch) -> HttpResponseRedirect:
        if batch.delivery_id is None:
            return self._to(batch)
        return redirect("admin:bulk_batch_delivery", batch.delivery_id)

    def _to(self, batch: Batch) -> HttpResponseRedirect:
        return redirect("admin:bulk_batch_change", batch.pk)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = self.admin_site.each_context(request)
        return TemplateResponse(request, template, shared | context)


def _is_one_sentence(batch: Batch, errors: Sequence[BatchIssue]) -> bool:
    """Whether all that is wrong with a file is what stands above, about no row of it."""
    return len(errors) == 1 and errors[0].line <= 1 and errors[0].message == batch.sentence
