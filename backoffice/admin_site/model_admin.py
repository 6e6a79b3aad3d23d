"""The base classes of everything that stands on the admin site."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin import ShowFacets
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from backoffice.admin_site.changelist.changelist import BackOfficeChangeList, BoundedPaginator
from backoffice.admin_site.changelist.role_lists import RoleListMixin
from backoffice.admin_site.changelist.sections import SectionsMixin
from backoffice.admin_site.models.fields import ParagraphField
from backoffice.admin_site.pages.related_links import RelatedLists, narrowed_to
from backoffice.admin_site.permissions.admin_access import (
    InlineAccess,
    ModelAccess,
    filter_fieldsets,
)
from backoffice.admin_site.permissions.request_guards import refuse_forged_keys, refuse_save_as_new

FIELDS: dict[Any, Any] = {
    # An address typed without its beginning is taken for a safe one.
    models.URLField: {"assume_scheme": "https"},
    # Grows with the text (see site.css).
    ParagraphField: {"widget": UnfoldAdminExpandableTextareaWidget},
}


class PlainAdmin(RoleListMixin, SectionsMixin, RelatedLists, ModelAccess, ModelAdmin):
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
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        # On the form of a new row what fills itself in has nothing to show yet.
        fixed = self.get_readonly_fields(request, obj)
        return filter_fieldsets(fieldsets, lambda name: name not in fixed)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new row belongs to what its list was narrowed to, unless something else is said."""
        return narrowed_to(self.model, request) | super().get_changeform_initial_data(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BackOfficeChangeList]:
        return BackOfficeChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refuse_forged_keys(request, [])
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        refuse_forged_keys(request, [self.model, *models_of(self.inlines)])
        refuse_save_as_new(request)
        context = {"show_history": self.has_history_permission(request), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


def models_of(inlines: Iterable[Any]) -> Iterator[type[models.Model]]:
    """The models of inlines and of the inlines in them."""
    for inline in inlines:
        yield inline.model
        yield from models_of(getattr(inline, "inlines", ()))


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
