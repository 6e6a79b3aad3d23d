"""The action on a file refused for its headers: map them to columns, and read it again."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.jobs.tasks import queue_reading
from backoffice.bulk.models import HeaderMapping
from backoffice.bulk.pages.imports import posted
from backoffice.bulk.pages.mappings.header_forms import unknown_headers_form
from backoffice.bulk.pages.mappings.saving import is_saved
from backoffice.bulk.read.header_mapping import HEADER_CONFLICT, save_mappings


class HeaderMappingViewsMixin:
    """The view that stores header mappings, for the batch admin; only the uploader uses it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.header_mapping_view)
        own = path("<int:number>/own-headers/", view, name="bulk_batch_own_headers")
        return [own, *super().get_urls()]

    @posted
    def header_mapping_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Store the columns of the headers, and read the same file again.

        Raises PermissionDenied for who may not add mappings.
        """
        batch = self._owned(request, number)
        if not may(request.user, "add", HeaderMapping):
            raise PermissionDenied
        form = unknown_headers_form(batch, request.user, request.POST)
        if form is None:
            messages.error(request, _("This file does not wait for a meaning of its headers."))
        elif is_saved(
            request,
            form,
            lambda: save_mappings(batch.kind, form.columns, request.user),
            HEADER_CONFLICT,
        ):
            queue_reading(batch)
        return self._to(batch)
