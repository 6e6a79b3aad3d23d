"""Lists that show, filter and search only what the person's role may see."""

import re
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db import models
from django.http import HttpRequest

from backoffice.admin_site.changelist.filters import REPLACEMENTS
from backoffice.admin_site.changelist.search import matching, visible_paths
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.request_guards import is_plain_lookup

BOUND = re.compile(r"_(from|to)(_[01])?$")  # what the theme's filters for a range add to a name


class RoleListMixin(ModelAdmin):
    """Leaves columns, filters and searched fields out that the person's role may not see."""

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        visible = roles.visible_fields(request.user, self.model)
        return [one for one in columns if visible is None or self._column_field(one) in visible]

    def _column_field(self, column: Any) -> str:
        """The field a column shows; one of ours says so by what it is sorted by."""
        method = column if callable(column) else getattr(self, column, None)
        ordering = getattr(method, "admin_order_field", None) or column
        return str(ordering).lstrip("-").split("__")[0]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = super().get_list_filter(request)
        visible = roles.visible_fields(request.user, self.model)
        return [_replaced(one) for one in filters if visible is None or _field_of(one) in visible]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return visible_paths(self.model, super().get_search_fields(request), request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """The rows that have every word of the term; none of them twice."""
        fields = self.get_search_fields(request)
        return matching(queryset, search_term, fields, request.user) if fields else queryset, False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A list may be narrowed by its filters, a foreign key or the key, and by nothing else."""
        filters = self.get_list_filter(request)
        allowed = {_field_of(one) for one in filters} | {"pk", self.opts.pk.name}
        parameters = {getattr(one, "parameter_name", None) for one in filters}
        if lookup in parameters or BOUND.sub("", lookup) in allowed - {lookup}:
            return True  # the filter's own word; what it means, the filter says
        # Django lets the address ask every field of the model: letter by letter that tells a
        # password's hash or the text of somebody's message.
        is_allowed = lookup.split("__")[0] in allowed and is_plain_lookup(self.model, lookup, value)
        return is_allowed and super().lookup_allowed(lookup, value, request)


def _replaced(list_filter: Any) -> Any:
    """Our filter instead of the theme's, where we have one."""
    if isinstance(list_filter, (tuple, list)):
        return list_filter[0], REPLACEMENTS.get(list_filter[1], list_filter[1])
    return list_filter


def _field_of(list_filter: Any) -> str:
    if isinstance(list_filter, (tuple, list)):
        list_filter = list_filter[0]
    return str(getattr(list_filter, "parameter_name", list_filter)).split("__")[0]
