"""The base classes of everything that stands on the admin site."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin import ShowFacets
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from backoffice.admin_site.changelist.changelist import BackOfficeChangeList, BoundedPaginator
from backoffice.admin_site.changelist.filters import REPLACEMENTS
from backoffice.admin_site.changelist.search import matching, visible_paths
from backoffice.admin_site.changelist.sections import SectionsMixin
from backoffice.admin_site.models.fields import ParagraphField
from backoffice.admin_site.pages.related_links import RelatedLists, narrowed_to
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.admin_access import (
    InlineAccess,
    ModelAccess,
    filter_fieldsets,
)
from backoffice.admin_site.permissions.request_guards import (
    is_plain_lookup,
    refuse_forged_keys,
    refuse_save_as_new,
)

BOUND = re.compile(r"_(from|to)(_[01])?$")  # what the theme's filters for a range add to a name
FIELDS: dict[Any, Any] = {
    # An address typed without its beginning is taken for a safe one.
    models.URLField: {"assume_scheme": "https"},
    # Grows with the text (see site.css).
    ParagraphField: {"widget": UnfoldAdminExpandableTextareaWidget},
}


class PlainAdmin(SectionsMixin, RelatedLists, ModelAccess, ModelAdmin):
    """A model on the admin site, with rights and visibility from the roles' table."""

    icon = "table_rows"
    in_sidebar = True
    in_palette = False
    # What tells a row from others of the same name, where it is one of many to choose from.
    named_by: tuple[str, ...] = ()
    # What an empty list says, and what to do about it.
    empty_hint: Any = ""
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would count the whole list
    paginator = BoundedPaginator
    list_filter_submit = True
    list_fullwidth = True
    warn_unsaved_form = True
    compressed_fields = True
    formfield_overrides = FIELDS

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The fieldsets; on the form of a new row without what fills itself in."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        fixed = self.get_readonly_fields(request, obj)
        return filter_fieldsets(fieldsets, lambda name: name not in fixed)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new row belongs to what its list was narrowed to, unless something else is said."""
        return narrowed_to(self.model, request) | super().get_changeform_initial_data(request)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """The columns, without what the person's role may not see."""
        return self._visible_columns(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters, without what the person's role may not see."""
        visible = roles.visible_fields(request.user, self.model)
        filters = super().get_list_filter(request)
        return [_replaced(one) for one in filters if visible is None or _field_of(one) in visible]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """The searched fields, without what the person's role may not see."""
        return visible_paths(self.model, super().get_search_fields(request), request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """The rows that have every word of the term; none of them twice."""
        fields = self.get_search_fields(request)
        return matching(queryset, search_term, fields, request.user) if fields else queryset, False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BackOfficeChangeList]:
        """The list that stays fast."""
        return BackOfficeChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A list may be narrowed by its filters, a foreign key or the key, and by nothing else.

        Django lets every field of the model be asked in the address: letter by letter that tells a
        password's hash or the text of somebody's message.
        """
        filters = self.get_list_filter(request) if request else self.list_filter
        allowed = {_field_of(one) for one in filters} | {"pk", self.opts.pk.name}
        parameters = {getattr(one, "parameter_name", None) for one in filters}
        if lookup in parameters or BOUND.sub("", lookup) in allowed - {lookup}:
            return True  # the filter's own word; what it means, the filter says
        is_allowed = lookup.split("__")[0] in allowed and is_plain_lookup(self.model, lookup, value)
        return is_allowed and super().lookup_allowed(lookup, value, request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with actions on rows that are named by their numbers."""
        refuse_forged_keys(request, [])
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form; its way to the history only for those who may read it."""
        refuse_forged_keys(request, [self.model, *_models_of(self.inlines)])
        refuse_save_as_new(request)
        context = {"show_history": self.has_history_permission(request), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def _visible_columns(self, request: HttpRequest, names: Any) -> list[str]:
        visible = roles.visible_fields(request.user, self.model)
        return [name for name in names if visible is None or self._column_field(name) in visible]

    def _column_field(self, column: Any) -> str:
        """The field a column tells; one of ours says so by what it is sorted by."""
        method = column if callable(column) else getattr(self, column, None)
        ordering = getattr(method, "admin_order_field", None) or column
        return str(ordering).lstrip("-").split("__")[0]


def _models_of(inlines: Iterable[Any]) -> Iterator[type[models.Model]]:
    """The models of inlines and of the inlines in them."""
    for inline in inlines:
        yield inline.model
        yield from _models_of(getattr(inline, "inlines", ()))


def _replaced(list_filter: Any) -> Any:
    """Our filter instead of the theme's, where we have one."""
    if isinstance(list_filter, (tuple, list)):
        return list_filter[0], REPLACEMENTS.get(list_filter[1], list_filter[1])
    return list_filter


def _field_of(list_filter: Any) -> str:
    """The field a filter is about."""
    if isinstance(list_filter, (tuple, list)):
        list_filter = list_filter[0]
    return str(getattr(list_filter, "parameter_name", list_filter)).split("__")[0]


class BackOfficeStackedInline(InlineAccess, StackedInline):
    """Rows of another model on a form, one below the other."""

    extra = 0
    show_change_link = True
    formfield_overrides = FIELDS


class BackOfficeTabularInline(InlineAccess, TabularInline):
    """Rows of another model on a form, as a table."""

    extra = 0
    show_change_link = True
    formfield_overrides = FIELDS
