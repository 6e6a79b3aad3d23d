"""The answers when something has run out: database connections (503), or the disk (507)."""

import sys
from collections.abc import Callable
from contextlib import suppress

from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from backoffice.admin_site.models.full_disk import full_disk_sentence, is_full_disk
from backoffice.operations.engine.pools import PoolExhausted

RETRY_AFTER = 5  # seconds


class ExhaustionMiddleware:
    """Answers 503 with Retry-After where a view got no connection, 507 where it met a full disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _answer(request, error)


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


def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of errors outside views, such as in a middleware that asks the database."""
    # An upload that is too large for memory fails there, too.
    return _answer(request, sys.exc_info()[1]) or defaults.server_error(request)


def _answer(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    if isinstance(error, PoolExhausted):
        return busy(request)
    return full_disk(request) if is_full_disk(error) else None


def busy(request: HttpRequest) -> HttpResponse:
    answer = render(request, "503.html", {"seconds": RETRY_AFTER}, status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def full_disk(request: HttpRequest) -> HttpResponse:
    return render(request, "507.html", {"sentence": full_disk_sentence()}, status=507)
