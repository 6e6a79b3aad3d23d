"""A full disk where no form is there to say so: the answer is 507, and nothing is left behind."""

from collections.abc import Callable
from contextlib import suppress

from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from backoffice.admin_site.models.full_disk import full_disk_sentence, is_full_disk


class TidyUploadHandler(TemporaryFileUploadHandler):
    """Removes its temporary file when that cannot be written further."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Raises OSError, for instance on a full disk."""
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            with suppress(OSError):  # what is in its buffer cannot be written either
                self.file.close()
            raise


class FullDiskMiddleware:
    """Answers 507 where a view met a full disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return full_disk(request) if is_full_disk(error) else None


def full_disk(request: HttpRequest) -> HttpResponse:
    return render(request, "507.html", {"sentence": full_disk_sentence()}, status=507)
