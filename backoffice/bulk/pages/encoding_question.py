"""The question in which encoding a file is, with some of its own values to tell by."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.bulk.jobs.tasks import queue_reading
from backoffice.bulk.models import Batch
from backoffice.bulk.pages.encoding_values import waits_for_encoding
from backoffice.bulk.pages.imports import posted
from backoffice.bulk.pipeline.preview import read_in_encoding
from backoffice.bulk.readers.encodings import WINDOWS


class EncodingViewsMixin:
    """The view that takes the answer, for the batch admin; only the uploader gives it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.encoding_view)
        own = path("<int:number>/encoding/", view, name="bulk_batch_encoding")
        return [own, *super().get_urls()]

    @posted
    def encoding_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Read the same file again as Windows-1252."""
        batch: Batch = self._owned(request, number)
        if waits_for_encoding(batch):
            read_in_encoding(batch, WINDOWS, queue_reading)
        else:
            messages.error(request, _("This file does not wait for its encoding to be named."))
        return self._to(batch)
