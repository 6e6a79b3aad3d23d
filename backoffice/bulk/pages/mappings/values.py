"""The action on a file with unknown values: say what they stand for, and read it again."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.jobs.tasks import queue_reading
from backoffice.bulk.models import ValueMapping
from backoffice.bulk.pages.imports import posted
from backoffice.bulk.pages.mappings.saving import is_saved
from backoffice.bulk.pages.mappings.value_forms import unknown_values_form
from backoffice.bulk.read.value_mapping import VALUE_CONFLICT, save_meanings


class ValueMappingViewsMixin:
    """The view that stores value mappings, for the batch admin; only the uploader uses it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.value_mapping_view)
        own = path("<int:number>/own-values/", view, name="bulk_batch_own_values")
        return [own, *super().get_urls()]

    @posted
    def value_mapping_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Store the meanings of the values, and read the same file again.

        Raises PermissionDenied for who may not add mappings.
        """
        batch = self._owned(request, number)
        if not may(request.user, "add", ValueMapping):
            raise PermissionDenied
        form = unknown_values_form(batch, request.user, request.POST)
        if form is None:
            messages.error(request, _("This file does not wait for a meaning of its values."))
        elif is_saved(
            request,
            form,
            lambda: save_meanings(batch.kind, form.meanings, request.user),
            VALUE_CONFLICT,
        ):
            queue_reading(batch)
        return self._to(batch)
