"""The base class of every business model on the admin site."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.admin_site.inlines.ordering import PLACE, NextPlace, PlacedForm, PlacedFormSet
from backoffice.admin_site.model_admin import (
    BackOfficeStackedInline,
    BackOfficeTabularInline,
    PlainAdmin,
    models_of,
)
from backoffice.admin_site.pages.history import HistoryMixin, plain
from backoffice.admin_site.permissions import roles
from backoffice.audit.admin_kit.actions import RowActionMixin
from backoffice.audit.admin_kit.collisions import note_form, run_again_on_collision
from backoffice.audit.admin_kit.optimistic_lock import (
    OptimisticLockForm,
    OptimisticLockFormSet,
    OptimisticLockMixin,
)
from backoffice.audit.admin_kit.reasons import ReasonMixin
from backoffice.audit.admin_kit.revert import RevertMixin


class AuditedAdmin(
    RowActionMixin, ReasonMixin, OptimisticLockMixin, RevertMixin, HistoryMixin, PlainAdmin
):
    """An audited model: its history, its row actions, forms that ask why and have a lock."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = partial(super().changeform_view, request, *args, **kwargs)
        return run_again_on_collision(request, [self.model, *models_of(self.inlines)], view)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        note_form(request, form)
        return super().save_form(request, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        row, rule = form.instance, self.model.total_rule
        total = rule.total_with(row) if rule else None
        if total is not None:
            sentence = rule.sentence(getattr(row, rule.field), plain(total))
            self.message_user(request, sentence, messages.WARNING)

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        # Only where the row itself is a person.
        if self.model.person_path != "" or not roles.may_see_page(request.user, "record"):
            return links
        address = f"{reverse('admin:record')}?student={row.pk}"
        return [*links, {"title": _("Whole record"), "icon": "person_search", "address": address}]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        to_delete, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        # A model's own rule protects a row like a foreign key does.
        refusals = [f"{row}: {why}" for row in objs if (why := row.deletion_refusal())]
        return to_delete, counts, perms_needed, [*protected, *refusals]

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        # One by one: a queryset's delete() would not ask the rules of each row.
        for row in queryset:
            row.delete()


class AuditedTabularInline(BackOfficeTabularInline):
    """Rows of another audited model on a form, as a table."""

    form = OptimisticLockForm
    formset = OptimisticLockFormSet


class AuditedStackedInline(BackOfficeStackedInline):
    """Rows of another audited model on a form, one below the other."""

    form = OptimisticLockForm
    formset = OptimisticLockFormSet


class PlacedInlineForm(PlacedForm, OptimisticLockForm):
    """A row of an ordered inline."""


class PlacedInlineFormSet(PlacedFormSet, OptimisticLockFormSet):
    """The rows of an ordered inline."""


class PlacedTabularInline(AuditedTabularInline):
    """Rows in an order, as a table; they are dragged, or numbered by hand."""

    form = PlacedInlineForm
    formset = PlacedInlineFormSet
    ordering_field = PLACE


class PlacedStackedInline(AuditedStackedInline):
    """Rows in an order, one below the other."""

    form = PlacedInlineForm
    formset = PlacedInlineFormSet
    ordering_field = PLACE


class NextPlaceForm(NextPlace, OptimisticLockForm):
    """A row with a place, on a page of its own."""
