"""Links from a row's page to the lists of what belongs to it, each with how many there are."""

import re
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import get_model_from_relation
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from backoffice.admin_site.pages.dashboard import bounded
from backoffice.admin_site.pages.registry import pages_for
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import permitted

KEY = re.compile(r"[0-9]{1,18}")  # what surely is a 64-bit number


def list_of(model: type[models.Model], **narrowed: Any) -> str:
    """The address of a model's list, narrowed by the parameters of its filters."""
    opts = model._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{address}?{urlencode(narrowed)}" if narrowed else address


def page_of(row: models.Model, kind: str = "change") -> str:
    """The address of a row's page: its form, or its `history`."""
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{kind}", args=[row.pk])


def with_link_to(row: models.Model, text: str) -> SafeString:
    """A sentence about a row for a message, with the row's name as the way to its page."""
    context = {"text": text, "name": str(row), "address": page_of(row)}
    return render_to_string("admin_site/way_on.html", context)


def narrowed_to(model: type[models.Model], request: HttpRequest) -> dict[str, str]:
    """The rows the list was narrowed to before one asked for a new row, by foreign key."""
    filters = dict(parse_qsl(request.GET.get("_changelist_filters", "")))
    keys = {
        field.name: filters.get(f"{field.name}__{field.target_field.name}__exact", "")
        for field in model._meta.fields
        if field.many_to_one and isinstance(field, models.ForeignKey)
    }
    return {name: key for name, key in keys.items() if KEY.fullmatch(key)}


def pages_about(row: models.Model, user: roles.Actor) -> list[dict[str, Any]]:
    """The pages that tell about a row, of those the person may see."""
    return [
        {"title": page.title, "icon": page.icon, "address": page.address_of(row)}
        for page in pages_for(user, about=row._meta.label_lower)
    ]


class RelatedLists(ModelAdmin):
    """Puts links to lists of related rows, and to pages about the row, above the form of a row.

    `related_lists` names the reverse relations; the list of each has a filter for this row.
    """

    related_lists: ClassVar[tuple[str, ...]] = ()
    # What a list is called where the name of its rows does not say how they are related.
    related_titles: ClassVar[dict[str, Any]] = {}
    change_form_outer_before_template = "admin_site/related_lists.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        context["related_lists"] = self._all_links(request, row) if row and row.pk else []
        return super().render_change_form(request, context, *args, **kwargs)

    def _all_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        relations = (self.opts.get_field(name) for name in self.related_lists)
        lists = [
            self._link(request, row, relation)
            for relation in relations
            if roles.may(request.user, "view", get_model_from_relation(relation))
        ]
        return [*lists, *self.further_links(request, row), *pages_about(row, request.user)]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        """Links to pages that are no lists: title, icon and address; for admins to override."""
        return []

    def _link(self, request: HttpRequest, row: models.Model, relation: Any) -> dict[str, Any]:
        model, field = relation.related_model, relation.field
        rows = permitted(model._base_manager.filter(**{field.name: row}), request.user, "view")
        # A PlainAdmin, which stands above this module.
        related_admin: Any = self.admin_site.get_model_admin(model)
        count, plural = bounded(rows), capfirst(model._meta.verbose_name_plural)
        return {
            "title": self.related_titles.get(relation.name, plural),
            "icon": related_admin.icon,
            "count": count.number,
            "is_more": count.is_more,
            "address": list_of(model, **{f"{field.name}__{row._meta.pk.name}__exact": row.pk}),
        }
