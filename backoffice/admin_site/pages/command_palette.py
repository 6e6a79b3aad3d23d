"""The command palette: pages by name, and rows of the models whose admin is `in_palette`.

The theme's own search keeps results for minutes, beyond a role's end, and fetches every row found.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.dataclasses import SearchResult

from backoffice.admin_site.pages.navigation import sidebar
from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions.visibility import offered

MOST_OF_A_MODEL = 5
LONGEST = 100  # characters of a term


def results(site: Any, request: HttpRequest, term: str, *, with_rows: bool) -> list[SearchResult]:
    """What fits the term: pages first, then a few rows of each model."""
    term = " ".join(term[:LONGEST].split())
    if not term:
        return []
    matches = list(_pages(request, term.lower()))
    if with_rows:
        for admin in site._registry.values():
            if admin.in_palette and admin.has_view_permission(request):
                matches += _rows(admin, request, term)
    return matches


def _pages(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    for group in sidebar(request):
        for item in group["items"]:
            if term in str(item["title"]).lower():
                place = str(group.get("title", ""))
                yield SearchResult(str(item["title"]), place, item["link"], item["icon"])


def _rows(admin: Any, request: HttpRequest, term: str) -> Iterator[SearchResult]:
    rows = offered(admin.get_queryset(request))
    rows, _has_twins = admin.get_search_results(request, rows, term)
    kind = capfirst(str(admin.opts.verbose_name))
    rows = rows.select_related(*(admin.list_select_related or ()))
    for row in rows.order_by("pk")[:MOST_OF_A_MODEL]:
        yield SearchResult(str(row), kind, page_of(row), admin.icon)
