"""Imports on the admin site."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.admin_kit.read_only import ReadOnlyAdmin
from backoffice.bulk.models import AssessmentMapping, Batch, HeaderMapping, ValueMapping
from backoffice.bulk.pages.batch_list import COLUMNS, FILTERS, SEARCHED
from backoffice.bulk.pages.corrections import CorrectionViewsMixin
from backoffice.bulk.pages.deliveries import DeliveryViewsMixin
from backoffice.bulk.pages.encoding_question import EncodingViewsMixin
from backoffice.bulk.pages.exports import ExportViewsMixin
from backoffice.bulk.pages.imports import BatchViewsMixin
from backoffice.bulk.pages.mappings.assessment_forms import AssessmentMappingForm
from backoffice.bulk.pages.mappings.assessments import AssessmentMappingViewsMixin
from backoffice.bulk.pages.mappings.header_forms import HeaderMappingForm
from backoffice.bulk.pages.mappings.headers import HeaderMappingViewsMixin
from backoffice.bulk.pages.mappings.value_forms import ValueMappingForm
from backoffice.bulk.pages.mappings.values import ValueMappingViewsMixin
from backoffice.bulk.pages.undo import UndoViewsMixin
from backoffice.bulk.pipeline.approval import held_for, unseen_kinds


@admin.register(Batch)
class BatchAdmin(
    ExportViewsMixin,
    UndoViewsMixin,
    DeliveryViewsMixin,
    HeaderMappingViewsMixin,
    ValueMappingViewsMixin,
    AssessmentMappingViewsMixin,
    EncodingViewsMixin,
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


@admin.register(ValueMapping)
class ValueMappingAdmin(AuditedAdmin):
    """What the school's own words for roles and states stand for."""

    icon = "translate"
    empty_hint = _(
        "Does your own system write “Dropped” where a file here has “withdrawn”? Say so once, and "
        "its files come in as they are."
    )
    form = ValueMappingForm
    list_display = (
        "word",
        "display_kind",
        "display_column",
        "display_meaning",
        "made_by",
        "made_at",
    )
    list_select_related = ("made_by",)
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("word", "column", "meaning")
    fields = ("kind", "column", "word", "meaning", "made_by", "made_at")
    readonly_fields = ("made_by", "made_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # They decide which values there are, so they are fixed once stored.
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "kind", "column"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.made_by = request.user
        super().save_model(request, obj, form, change)

    @display(description=_("kind"), ordering="kind")
    def display_kind(self, mapping: ValueMapping) -> str:
        return capfirst(str(mapping.get_kind_display()))

    @display(description=_("column"), ordering="column")
    def display_column(self, mapping: ValueMapping) -> str:
        # Its label names the kinds that have the column; the kind stands beside it.
        return mapping.column

    @display(description=_("is read as"), ordering="meaning")
    def display_meaning(self, mapping: ValueMapping) -> str:
        return mapping.meaning_label


@admin.register(AssessmentMapping)
class AssessmentMappingAdmin(AuditedAdmin):
    """What the columns of other systems' gradebooks are, course by course."""

    icon = "rule"
    empty_hint = _(
        "Does Canvas write “Essay (456789)” where the assessment here is ESSAY? Say so once, and "
        "the gradebooks of the course come in as they are."
    )
    form = AssessmentMappingForm
    list_display = ("header", "display_assessment", "course", "dialect", "made_by", "made_at")
    list_select_related = ("course", "assessment", "made_by")
    list_filter = (("dialect", ChoicesDropdownFilter), ("course", AutocompleteSelectFilter))
    search_fields = ("header",)
    autocomplete_fields = ("course", "assessment")
    fields = ("course", "dialect", "header", "assessment", "made_by", "made_at")
    readonly_fields = ("made_by", "made_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # The course and the system say which files are meant, so they are fixed once stored.
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "course", "dialect"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.made_by = request.user
        super().save_model(request, obj, form, change)

    @display(description=_("is read as"), ordering="assessment__code")
    def display_assessment(self, mapping: AssessmentMapping) -> str:
        return mapping.meaning
