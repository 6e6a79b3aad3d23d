"""The sidebar, built from the admin registry: what is registered and visible stands in it."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.admin_site import roles

DEFAULT_ICON = "table_rows"
IMPORTS_APP = "bulk"
EXPORTED = ("users.User", "courses.Course", "users.Enrollment")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links: home, imports, then one group for each app in the order of the settings."""
    home = {"title": _("Home"), "icon": "home", "link": reverse("admin:index")}
    groups = [{"items": [home]}, _imports(request)]
    groups += [_app_group(request, config) for config in apps.get_app_configs()]
    return [group for group in groups if group["items"]]


def _app_group(request: HttpRequest, config: Any) -> dict[str, Any]:
    items = [] if config.label == IMPORTS_APP else list(_items(request, config.label))
    return {"title": config.verbose_name, "separator": True, "collapsible": True, "items": items}


def _items(request: HttpRequest, label: str) -> Iterator[dict[str, Any]]:
    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label != label or not getattr(model_admin, "in_sidebar", True):
            continue
        if model_admin.has_view_permission(request):
            name = f"admin:{label}_{model._meta.model_name}_changelist"
            yield {
                "title": capfirst(model._meta.verbose_name_plural),
                "icon": getattr(model_admin, "icon", DEFAULT_ICON),
                "link": reverse(name),
            }


def _imports(request: HttpRequest) -> dict[str, Any]:
    batch = apps.get_model(IMPORTS_APP, "Batch")
    links = []
    if roles.may(request.user, "add", batch):
        links.append((_("Import a file"), "upload_file", "admin:bulk_batch_upload"))
    if roles.may(request.user, "view", batch):
        links.append((_("Imports so far"), "history", "admin:bulk_batch_changelist"))
    if any(roles.may(request.user, "export", apps.get_model(name)) for name in EXPORTED):
        links.append((_("Export"), "download", "admin:bulk_batch_export"))
    items = [
        {"title": title, "icon": icon, "link": link, "active": request.path == link}
        for title, icon, name in links
        if (link := link_to(name))
    ]
    return {"title": _("Files"), "separator": True, "items": items}


def import_link(request: HttpRequest) -> str:
    """Where a file is brought in, for whoever may do so; blank for others."""
    batch = apps.get_model(IMPORTS_APP, "Batch")
    return link_to("admin:bulk_batch_upload") if roles.may(request.user, "add", batch) else ""


def link_to(name: str) -> str:
    """The address of a named page, or blank where no app provides it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def environment_label(_request: HttpRequest) -> list[str] | None:
    """The badge beside the title: which installation this is. Production carries none."""
    labels = {"development": [_("Development"), "info"], "test": [_("Test"), "warning"]}
    return labels.get(getattr(settings, "DJANGO_ENV", ""))
