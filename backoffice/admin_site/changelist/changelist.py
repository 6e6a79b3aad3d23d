"""Lists whose pages cost the same whether a table has fifty rows or fifty million.

A narrow list has numbered pages and sorts by any column. A wide one is walked from row to row, by a
column that an index delivers in order.
"""

import copy
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import InvalidPage, Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.views import ChangeList

from backoffice.admin_site.changelist.keyset import KeysetPage, sorted_by_index
from backoffice.admin_site.permissions.visibility import offered

MOST_COUNTED = 10_000
MOST_SORTED = 2_000  # rows a list may have for its pages to be numbered and sorted by anything
AFTER, BEFORE, LAST = "_after", "_before", "_last"


class BoundedPaginator(Paginator):
    """Pages of a list that is not counted beyond a bound."""

    template_name = "admin_site/pages.html"
    most = MOST_COUNTED

    @cached_property
    def count(self) -> int:
        """How many rows there are; at most one more than the bound, which says "more than"."""
        if not isinstance(self.object_list, models.QuerySet):
            return len(self.object_list)
        return self.object_list.order_by().values("pk")[: MOST_COUNTED + 1].count()

    @property
    def is_cut(self) -> bool:
        return self.count > MOST_COUNTED

    @property
    def is_wide(self) -> bool:
        return self.count > MOST_SORTED


class BackOfficeChangeList(ChangeList):
    """A list that is never counted, sorted or skipped through as a whole."""

    model_admin: Any  # a PlainAdmin, which stands above this module
    queryset: models.QuerySet[Any]
    root_queryset: models.QuerySet[Any]
    walk: KeysetPage | None = None

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        if not self.is_popup:
            self.title = capfirst(self.opts.verbose_name_plural)
        # The theme reads the sections from the admin, which all requests share; those a person may
        # see go onto a copy.
        sections = self.model_admin.get_list_sections(request)
        self.model_admin = copy.copy(self.model_admin)
        self.model_admin.list_sections = sections

    def get_filters(self, request: HttpRequest) -> Any:
        # Before Django takes the position in the list for a filter, and refuses it.
        self.place = {name: self.params.pop(name, "") for name in (AFTER, BEFORE, LAST)}
        for name in self.place:
            self.filter_params.pop(name, None)
        return super().get_filters(request)

    def get_queryset(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        self.root_queryset = offered(self.root_queryset)
        return super().get_queryset(request, *args, **options)

    def get_results(self, request: HttpRequest) -> None:
        keys = self._matching_keys() if self.query else None
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        if keys is not None:
            self.paginator.count = len(keys)
        self.result_count = self.full_result_count = self.paginator.count
        self.show_full_result_count, self.show_admin_actions = False, True
        self.can_show_all = self.result_count <= self.list_max_show_all
        self.multi_page = self.result_count > self.list_per_page
        self.result_list = self._walked() if self.paginator.is_wide else self._paged()
        self.model_admin.fetch_sections(request, self.result_list)

    def _matching_keys(self) -> list[int] | None:
        """The keys a search found, or None where that is a wide list."""
        # A search is the dear part: it runs once, and both the count and the page use its keys.
        keys = list(self.queryset.order_by().values_list("pk", flat=True)[: MOST_SORTED + 1])
        if len(keys) > MOST_SORTED:
            return None
        rows = self.root_queryset.filter(pk__in=keys).order_by(*self.queryset.query.order_by)
        self.queryset = rows if rows.query.select_related else self.apply_select_related(rows)
        return keys

    def _paged(self) -> list[models.Model]:
        if (self.show_all and self.can_show_all) or not self.multi_page:
            return list(self.queryset)
        try:
            page = self.paginator.page(self.page_num).object_list
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        # The keys are sorted by themselves: a join of every row only to show fifty takes longest.
        return list(self.queryset.filter(pk__in=page.values("pk")))

    def _walked(self) -> list[models.Model]:
        if self.page_num != 1:
            raise IncorrectLookupParameters(f"{PAGE_VAR} of a list without numbered pages")
        self.walk = KeysetPage(self.queryset, self._walking_order(), self.list_per_page)
        if self.place[BEFORE]:
            return self.walk.before(self.place[BEFORE])
        return self.walk.last() if self.place[LAST] else self.walk.after(self.place[AFTER])

    def _walking_order(self) -> str:
        """The first sort an index delivers, of those asked for and the list's own."""
        candidates = [*self._requested_order(), *self._get_default_ordering()]
        able = sorted_by_index(self.model)
        return next((name for name in candidates if str(name).lstrip("-") in able), "-pk")

    def _requested_order(self) -> Sequence[str]:
        columns = self.get_ordering_field_columns() if "o" in self.params else {}
        names = ((self._field_at(at), kind) for at, kind in columns.items())
        return [f"-{name}" if kind == "desc" else name for name, kind in names if name]

    def _field_at(self, at: int) -> str:
        try:
            field = self.get_ordering_field(self.list_display[at])
        except IndexError:
            return ""
        return field if isinstance(field, str) else ""

    @property
    def sortable_by(self) -> Any:
        """The columns whose heads sort; in a wide list those an index can deliver in order."""
        if not getattr(self, "paginator", None) or not self.paginator.is_wide:
            return self._sortable_by
        able = sorted_by_index(self.model)
        return [name for at, name in enumerate(self.list_display) if self._field_at(at) in able]

    @sortable_by.setter
    def sortable_by(self, names: Any) -> None:
        self._sortable_by = names

    @property
    def page_links(self) -> dict[str, str]:
        """The addresses of the first, previous, next and last page, where there is one."""
        if self.walk is None:
            return {}
        links: dict[str, str] = {}
        if self.walk.has_previous:
            links["first"] = self.get_query_string()
            links["previous"] = self.get_query_string({BEFORE: self.walk.rows[0].pk})
        if self.walk.has_next:
            links["next"] = self.get_query_string({AFTER: self.walk.rows[-1].pk})
            links["last"] = self.get_query_string({LAST: 1})
        return links
