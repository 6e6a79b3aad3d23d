"""Imports on the admin site."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.admin_kit.read_only import ReadOnlyAdmin
from backoffice.bulk.models import Batch, HeaderMapping
from backoffice.bulk.pages.batch_list import COLUMNS, FILTERS, SEARCHED
from backoffice.bulk.pages.corrections import CorrectionViewsMixin
from backoffice.bulk.pages.deliveries import DeliveryViewsMixin
from backoffice.bulk.pages.exports import ExportViewsMixin
from backoffice.bulk.pages.header_mapping import HeaderMappingViewsMixin
from backoffice.bulk.pages.header_mapping_forms import HeaderMappingForm
from backoffice.bulk.pages.imports import BatchViewsMixin
from backoffice.bulk.pages.undo import UndoViewsMixin
from backoffice.bulk.pipeline.approval import held_for, unseen_kinds


@admin.register(Batch)
class BatchAdmin(
    ExportViewsMixin,
    UndoViewsMixin,
    DeliveryViewsMixin,
    HeaderMappingViewsMixin,
    CorrectionViewsMixin,
    BatchViewsMixin,
    ReadOnlyAdmin,
):
    """All imports; the pages of one are our own."""

    icon = "upload_file"
    empty_hint = _("Import a file, and see exactly what would change before anything is written.")
    list_display = COLUMNS
    list_filter = FILTERS
    search_fields = SEARCHED
    actions_list = ("new_import",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        # Who approves an import sees no preview of rows that they may not see themselves.
        rows = super().get_queryset(request).select_related("run")
        unseen = unseen_kinds(request.user)
        return rows.filter(Q(uploaded_by=request.user.pk) | ~Q(kind__in=unseen)) if unseen else rows

    def has_upload_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "add", Batch)

    def sidebar_badge(self, request: HttpRequest) -> int:
        """The number of imports that wait for a decision of this person."""
        own = Batch.objects.waiting().filter(uploaded_by=request.user.pk)
        return (own | held_for(request.user))[:100].count()

    @action(description=_("Import a file"), icon="upload_file", permissions=["upload"])
    def new_import(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:bulk_batch_upload")


@admin.register(HeaderMapping)
class HeaderMappingAdmin(AuditedAdmin):
    """What the school's own headers stand for."""

    icon = "label"
    empty_hint = _(
        "Does your own system write “Matrikel” where a file here has “student_id”? Say so once, "
        "and its files come in as they are."
    )
    form = HeaderMappingForm
    list_display = ("header", "display_kind", "display_column", "made_by", "made_at")
    list_select_related = ("made_by",)
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("header", "column")
    fields = ("kind", "header", "column", "made_by", "made_at")
    readonly_fields = ("made_by", "made_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # The kind decides which columns there are, so it is fixed once stored.
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "kind"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.made_by = request.user
        super().save_model(request, obj, form, change)

    @display(description=_("kind"), ordering="kind")
    def display_kind(self, mapping: HeaderMapping) -> str:
        return capfirst(str(mapping.get_kind_display()))

    @display(description=_("is read as"), ordering="column")
    def display_column(self, mapping: HeaderMapping) -> str:
        return mapping.meaning
