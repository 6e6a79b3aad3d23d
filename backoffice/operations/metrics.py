"""The metrics page, for the addresses the operator allows."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")


def metrics(request: HttpRequest) -> HttpResponse:
    """Requests, queries and connections as Prometheus reads them; numbers of this process.

    What a proxy hands on has the proxy's address, whoever asked; it is refused.
    """
    is_near = request.META.get("REMOTE_ADDR") in settings.METRICS_ALLOWED_ADDRESSES
    if not is_near or any(name in request.META for name in FORWARDED):
        raise PermissionDenied
    return ExportToDjangoView(request)
