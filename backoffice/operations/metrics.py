"""The metrics page, for the addresses the operator allows."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView


def metrics(request: HttpRequest) -> HttpResponse:
    """Requests, queries and connections as Prometheus reads them; numbers of this process."""
    if request.META.get("REMOTE_ADDR") not in settings.METRICS_ALLOWED_ADDRESSES:
        raise PermissionDenied
    return ExportToDjangoView(request)
