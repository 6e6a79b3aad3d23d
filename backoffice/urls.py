"""Addresses: the admin is the product."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from backoffice.operations.health import healthz
from backoffice.operations.metrics import metrics

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
handler500 = "backoffice.operations.exhaustion.server_error"
