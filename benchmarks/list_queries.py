"""The addresses of a list: first and far pages, sorted, filtered, searched."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db import models

WORDS = ("s312345", "müller", "BIO301", "an", "nothing like it")
SINCE = "2026-10-01"


def list_queries(changelist: ChangeList) -> Iterator[tuple[str, str]]:
    """What a page is (first, far, sorted, filtered, searched) and its query string."""
    yield "first", ""
    for query in far(changelist):
        yield "far", query
    for query in sorted_by(changelist):
        yield "sorted", query
    for query in filtered(changelist):
        yield "filtered", query
    if changelist.model_admin.get_search_fields(changelist.request):
        for word in WORDS:
            yield "searched", f"?q={word}"


def far(changelist: ChangeList) -> Iterator[str]:
    """The middle and the last page, numbered or walked to."""
    if changelist.walk is not None:
        keys = changelist.model._base_manager.aggregate(low=models.Min("pk"), top=models.Max("pk"))
        yield "?_last=1"
        yield f"?_after={(keys['low'] + keys['top']) // 2}"
    elif changelist.multi_page:
        pages = changelist.paginator.num_pages
        yield from (f"?p={page}" for page in {pages // 2 + 1, pages})


def sorted_by(changelist: ChangeList) -> Iterator[str]:
    """Every column whose head sorts, both ways."""
    for at, name in enumerate(changelist.list_display):
        is_offered = changelist.sortable_by is None or name in changelist.sortable_by
        if is_offered and changelist.get_ordering_field(name):
            yield f"?o={at}"
            yield f"?o=-{at}"


def filtered(changelist: ChangeList) -> Iterator[str]:
    """Every filter, with a value that the list has."""
    row = next(iter(changelist.result_list), None)
    for each in changelist.list_filter if row is not None else ():
        path, kind = each if isinstance(each, tuple) else (each, None)
        if isinstance(path, str):
            field = changelist.model._meta.get_field(path)
            yield from _values(field, getattr(kind, "__name__", ""), row)


def _values(field: models.Field, kind: str, row: models.Model) -> Iterator[str]:
    if kind == "RangeDateTimeFilter":
        yield f"?{field.name}_from_0={SINCE}&{field.name}_from_1=00:00:00"
    elif kind == "RangeDateFilter":
        yield f"?{field.name}_from={SINCE}"
    elif kind == "RangeNumericFilter":
        yield f"?{field.name}_from=50&{field.name}_to=60"
    elif field.choices:
        yield from (f"?{field.name}__exact={value}" for value, _label in field.choices)
    elif isinstance(field, models.BooleanField):
        yield from (f"?{field.name}__exact={value}" for value in (0, 1))
    elif field.is_relation:
        value: Any = getattr(row, field.attname)
        yield f"?{field.name}__id__exact={value}" if value else ""
