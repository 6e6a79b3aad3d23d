"""The base class of every business model on the admin site."""

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse

from backoffice.admin_site.history import HistoryPages
from backoffice.admin_site.model_admin import (
    BackOfficeStackedInline,
    BackOfficeTabularInline,
    PlainAdmin,
)
from backoffice.audit.deeds import DeedPages
from backoffice.audit.freshness import FreshForm, FreshFormSet, FreshPages
from backoffice.audit.reasons import ReasonPages


class AuditedAdmin(DeedPages, ReasonPages, FreshPages, HistoryPages, PlainAdmin):
    """An audited model: its history, its deeds, forms that ask why and overwrite nothing unseen."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form. A second look finds what somebody else stored in the same moment."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            return super().changeform_view(request, object_id, form_url, extra_context)


class AuditedTabularInline(BackOfficeTabularInline):
    """Rows of another audited model on a form, as a table."""

    form = FreshForm
    formset = FreshFormSet


class AuditedStackedInline(BackOfficeStackedInline):
    """Rows of another audited model on a form, one below the other."""

    form = FreshForm
    formset = FreshFormSet
