"""The base of admin pages for recorded rows."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from backoffice.admin_site.model_admin import PlainAdmin


class LookedAtMixin:
    """Rows to look at, which nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(LookedAtMixin, PlainAdmin):
    """Recorded rows: to look at, never to touch."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        # What never changes has no history.
        context["show_history"] = False
        return super().render_change_form(request, context, *args, **kwargs)
