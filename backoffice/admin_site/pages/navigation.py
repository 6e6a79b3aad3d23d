"""The sidebar, built from the admin registry: what is registered and visible stands in it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.registry import pages_for
from backoffice.admin_site.permissions import roles

DEFAULT_ICON = "table_rows"
IMPORTS_APP, IMPORTS = "bulk", "admin:bulk_batch_changelist"
MAPPINGS = {
    "HeaderMapping": (gettext_lazy("Header mappings"), "label"),
    "ValueMapping": (gettext_lazy("Value mappings"), "translate"),
    "AssessmentMapping": (gettext_lazy("Assessment mappings"), "rule"),
}
MOST_ON_A_BADGE = 100
# The groups that stand open for a role: what most of its days are about.
IN_SIGHT = {
    roles.ADMIN: ("users", "audit"),
    roles.REGISTRAR: ("users", "courses"),
    roles.INSTRUCTOR: ("courses", "assessments"),
    roles.ASSISTANT: ("courses", "assessments"),
    roles.AUDITOR: ("audit", "users"),
}
EXPORTED = ("users.User", "courses.Course", "users.Enrollment")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links: home, imports, then one group for each app in the order of the settings."""
    # Built once for a request: the badges cost a count each.
    known: list[dict[str, Any]] = request.__dict__.setdefault("_sidebar", [])
    if not known:
        home = {"title": _("Home"), "icon": "home", "link": reverse("admin:index")}
        groups = [{"items": [home]}, _imports(request)]
        groups += [_app_group(request, config) for config in apps.get_app_configs()]
        # The pages of no model and no app come last.
        system = {"title": _("System"), "separator": True, "collapsible": True}
        groups.append(system | {"items": _pages(request, "")})
        known += [group for group in groups if group["items"]]
    return known


def _app_group(request: HttpRequest, config: Any) -> dict[str, Any]:
    items = _pages(request, config.label)
    items += [] if config.label == IMPORTS_APP else _items(request, config.label)
    # What has a badge stays in sight too.
    is_usual = any(config.label in IN_SIGHT.get(role, ()) for role in roles.roles_of(request.user))
    is_quiet = not is_usual and all("badge" not in item for item in items)
    title = config.verbose_name
    return {"title": title, "separator": True, "collapsible": is_quiet, "items": items}


def _items(request: HttpRequest, label: str) -> Iterator[dict[str, Any]]:
    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label != label or not getattr(model_admin, "in_sidebar", True):
            continue
        if model_admin.has_view_permission(request):
            name = f"admin:{label}_{model._meta.model_name}_changelist"
            item = {
                "title": capfirst(model._meta.verbose_name_plural),
                "icon": getattr(model_admin, "icon", DEFAULT_ICON),
                "link": reverse(name),
            }
            yield item | _badge(getattr(model_admin, "sidebar_badge", None), request)


def _badge(count: Callable[[HttpRequest], Any] | None, request: HttpRequest) -> dict[str, Any]:
    """How many wait, up to 99, beside a title."""
    number = count(request) if count else 0
    if not number:
        return {}
    return {"badge": str(number) if number < MOST_ON_A_BADGE else f"{MOST_ON_A_BADGE - 1}+"}


def _pages(request: HttpRequest, group: str) -> list[dict[str, Any]]:
    return [
        {"title": page.title, "icon": page.icon, "link": page.address} | _badge(page.badge, request)
        for page in pages_for(request.user, group=group)
    ]


def _imports(request: HttpRequest) -> dict[str, Any]:
    batch, *mappings = (apps.get_model(IMPORTS_APP, name) for name in ("Batch", *MAPPINGS))
    links = []
    if roles.may(request.user, "add", batch):
        links.append((_("Import a file"), "upload_file", "admin:bulk_batch_upload"))
    if roles.may(request.user, "view", batch):
        links.append((_("Imports"), "history", IMPORTS))
    for model, (title, icon) in zip(mappings, MAPPINGS.values(), strict=True):
        if roles.may(request.user, "view", model):
            links.append((str(title), icon, f"admin:bulk_{model._meta.model_name}_changelist"))
    if any(roles.may(request.user, "export", apps.get_model(name)) for name in EXPORTED):
        links.append((_("Export"), "download", "admin:bulk_batch_export"))
    badges = {IMPORTS: getattr(admin.site._registry.get(batch), "sidebar_badge", None)}
    items = [
        {"title": title, "icon": icon, "link": link, "active": request.path == link}
        | _badge(badges.get(name), request)
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
