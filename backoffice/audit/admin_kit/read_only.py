"""The base of admin pages for what is recorded."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from backoffice.admin_site.model_admin import PlainAdmin


class ReadOnlyAdmin(PlainAdmin):
    """What is recorded: to look at, never to touch."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It records itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is recorded stands."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And stays."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page; what never changes has no history."""
        context = {"show_history": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)
