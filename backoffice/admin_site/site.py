"""The admin site: who gets in, and its front page."""

from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from backoffice.admin_site.models.private_files import PictureField, picture_of
from backoffice.admin_site.pages import command_palette, registry
from backoffice.admin_site.pages.dashboard import cards_for
from backoffice.admin_site.pages.navigation import import_link
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.autocomplete import ChoicesView


class BackOfficeSite(UnfoldAdminSite):
    """The one admin site. A model without a line in the roles' table cannot stand on it."""

    index_title = _("Home")
    index_template = "admin_site/index.html"
    login_template = "admin_site/login.html"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register the models the roles' table knows; others, such as Group, stay away."""
        is_one = isinstance(model_or_iterable, models.base.ModelBase)
        candidates = [model_or_iterable] if is_one else model_or_iterable
        super().register([m for m in candidates if roles.is_known(m)], admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff with a role; a student has no door here, whatever the account says."""
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        return user.is_superuser or bool(roles.roles_of(user))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The home page: the cards of the person's role."""
        context = {
            "cards": cards_for(request),
            "import_link": import_link(request),
            **(extra_context or {}),
        }
        return super().index(request, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """All models, made when a page looks at them: the sidebar is ours, and most pages do not.

        They were an eighth of the time of every page.
        """
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """What a choice finds while one types."""
        return ChoicesView.as_view(admin_site=self)(request)

    def get_urls(self) -> list[URLPattern]:
        """The pages of no model's own, before the library's."""
        address = "picture/<str:label>/<int:number>/<str:name>/"
        own = [path(address, self.admin_view(self.picture), name="picture")]
        return [*own, *registry.addresses(self.admin_view), *super().get_urls()]

    def picture(self, request: HttpRequest, label: str, number: int, name: str) -> HttpResponse:
        """A picture of a row, for whoever may see both row and field."""
        model = next((each for each in self._registry if each._meta.label_lower == label), None)
        field = {each.name: each for each in model._meta.fields}.get(name) if model else None
        if not isinstance(field, PictureField):
            raise Http404
        visible = roles.visible_fields(request.user, model)
        row = self.get_model_admin(model).get_object(request, str(number))
        if row is None or not (visible is None or name in visible):
            raise PermissionDenied
        return picture_of(getattr(row, name))

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The sidebar's search, and the command palette's, which finds rows too."""
        with_rows = "extended" in request.GET
        matches = command_palette.results(
            self, request, request.GET.get("s", ""), with_rows=with_rows
        )
        name = "command" if with_rows else "search"
        context = {"results": matches, "page_counter": 0, "extended": with_rows}
        return TemplateResponse(request, f"unfold/helpers/{name}_results.html", context)
