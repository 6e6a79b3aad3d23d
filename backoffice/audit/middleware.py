"""One change set per request that changes something."""

from collections.abc import Callable
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from backoffice.admin_site.addresses import client_address
from backoffice.audit.models import ChangeSet
from backoffice.audit.recording import recording


class RecordingMiddleware:
    """Records what a request changes with who asked, from where, under which request id.

    The answer carries the id as `X-Request-ID`. Stands after the authentication middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid4().hex
        # Lazy: whoever logs in during the request is the one who acts afterwards.
        actor = SimpleLazyObject(lambda: getattr(request, "user", None) or AnonymousUser())
        with recording(
            source=ChangeSet.Source.FORM,
            actor=actor,
            request_id=request_id,
            address=client_address(request),
        ):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response
