"""The admin site: who gets in, and its front page."""

from functools import partial
from typing import Any

from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse_lazy
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from backoffice.admin_site.login.known_devices import remember_device
from backoffice.admin_site.login.pages import LoginForm, OwnPasswordForm
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
    login_form = LoginForm
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # What the roles' table does not know stays away, such as Group.
        is_one = isinstance(model_or_iterable, models.base.ModelBase)
        candidates = [model_or_iterable] if is_one else model_or_iterable
        super().register([m for m in candidates if roles.is_known(m)], admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        # A student does not get in, even one whose account says "staff".
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        return user.is_superuser or bool(roles.roles_of(user))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == 302:
            remember_device(request, response, request.user.get_username())
        return response

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        request.current_app = self.name
        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse_lazy("admin:password_change_done"),
            extra_context=self.each_context(request) | (extra_context or {}),
        )(request)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        context = {
            "cards": cards_for(request),
            "import_link": import_link(request),
            **(extra_context or {}),
        }
        page: TemplateResponse = super().index(request, context)
        return page

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        # Lazy: the sidebar is ours, so most pages never look, and it was an eighth of their time.
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        return ChoicesView.as_view(admin_site=self)(request)

    def get_urls(self) -> list[URLPattern]:
        address = "picture/<str:label>/<int:number>/<str:name>/"
        own = [path(address, self.admin_view(self.picture), name="picture")]
        return [*own, *registry.addresses(self.admin_view), *super().get_urls()]

    def picture(self, request: HttpRequest, label: str, number: int, name: str) -> HttpResponse:
        """A picture of a row, for whoever may see both row and field."""
        model = next((each for each in self._registry if each._meta.label_lower == label), None)
        fields = {each.name: each for each in model._meta.fields} if model else {}
        if model is None or not isinstance(fields.get(name), PictureField):
            raise Http404
        visible = roles.visible_fields(request.user, model)
        row = self.get_model_admin(model).get_object(request, str(number))
        if row is None or not (visible is None or name in visible):
            raise PermissionDenied
        return picture_of(getattr(row, name))

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        with_rows = "extended" in request.GET
        term = request.GET.get("s", "")
        matches = command_palette.results(self, request, term, with_rows=with_rows)
        name = "command" if with_rows else "search"
        context = {"results": matches, "page_counter": 0, "extended": with_rows}
        return TemplateResponse(request, f"unfold/helpers/{name}_results.html", context)
