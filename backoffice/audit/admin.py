"""Change sets on the admin site: to look at, never to touch."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from backoffice.admin_site.model_admin import PlainAdmin
from backoffice.audit.models import ChangeSet


@admin.register(ChangeSet)
class ChangeSetAdmin(PlainAdmin):
    """Deeds: who, when, through what, why."""

    icon = "history"
    list_display = ("created_at", "actor_name", "source", "reason", "batch")
    list_filter = ("source",)
    search_fields = ("actor_name", "reason", "request_id")
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Deeds record themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is recorded stands."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And stays."""
        return False
