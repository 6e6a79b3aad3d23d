"""One change set per request that changes something, one row for a look at somebody's data."""

import logging
from collections.abc import Callable
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from backoffice.admin_site.client_address import client_address
from backoffice.audit.access_log.classify import build_access_record, is_download
from backoffice.audit.access_log.log import refusal_of, stored
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

logger = logging.getLogger(__name__)
REFUSAL = "_refusal"


class RecordingMiddleware:
    """Records what a request changes with who asked, from where, under which request id.

    The response carries the id as `X-Request-ID`. Stands after the authentication middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid4().hex
        # Lazy: whoever logs in during the request is the one who acts afterwards.
        actor = SimpleLazyObject(lambda: getattr(request, "user", None) or AnonymousUser())
        with recording(
            source=ChangeSet.Source.FORM,
            actor=actor,
            request_id=request.request_id,
            address=client_address(request),
        ):
            response = self.get_response(request)
        response = recorded(request, response)
        response.headers["X-Request-ID"] = request.request_id
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        # Django's own handler makes the page: the reason would be lost there.
        setattr(request, REFUSAL, refusal_of(error))


def is_recorded(request: HttpRequest, response: HttpResponse) -> bool:
    """Record the look; whether all there was to record is recorded."""
    why = getattr(request, REFUSAL, _("Refused before a page was asked: a forged request."))
    try:
        row = build_access_record(request, response, why)
    except Exception:  # whatever it is: a good page stays one
        logger.exception("An access was not recorded: %s", request.path)
        return False
    return row is None or stored(row)


def recorded(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response, once the look is recorded; an export that cannot be recorded is none."""
    # Outside of the view's transaction: a rollback does not take the row away.
    if is_recorded(request, response) or not is_download(response):
        return response
    response.close()
    return HttpResponse(
        _("This export could not be recorded, so it was not made. Try again in a minute."),
        status=503,
        content_type="text/plain; charset=utf-8",
        headers={"Retry-After": "60"},
    )
