"""The answer when every database connection is in use: try again in a moment."""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from backoffice.admin_site.models.full_disk import is_full_disk
from backoffice.operations.engine.pools import PoolExhausted
from backoffice.operations.full_disk import full_disk

RETRY_AFTER = 5  # seconds


class BusyDatabaseMiddleware:
    """Answers 503 with Retry-After where a view got no connection."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return busy(request) if isinstance(error, PoolExhausted) else None


def busy(request: HttpRequest) -> HttpResponse:
    answer = render(request, "503.html", {"seconds": RETRY_AFTER}, status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of errors outside views, such as in a middleware that asks the database."""
    error = sys.exc_info()[1]
    if is_full_disk(error):  # an upload that is too large for memory, and sessions
        return full_disk(request)
    return busy(request) if isinstance(error, PoolExhausted) else defaults.server_error(request)
