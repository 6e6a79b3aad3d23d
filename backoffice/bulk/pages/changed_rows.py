"""What an applied import changed, from the history it wrote."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from backoffice.admin_site.permissions.roles import may
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.sql.layout import unique_fields

PER_PAGE = 50
# Sorting for each page of a million rows would take a second: so many stand in the order of the
# file, and so many of them with names looked up for those that share a line, or have none.
MOST_SORTED, MOST_NAMED = 100_000, 10_000


@dataclass(frozen=True)
class ChangedRow:
    """One row an import wrote, with the addresses of its page and its history."""

    line: int | None
    what: str
    name: str
    page: str
    history: str
    sheet: str = ""  # of a workbook of several


@dataclass(frozen=True)
class Changes:
    """One page of the rows an import wrote, of the kind itself or of those created on the way."""

    page: Page
    rows: list[ChangedRow]
    tabs: list[dict[str, Any]]
    is_sorted: bool


def changed_rows(batch: Batch, request: HttpRequest) -> Changes:
    """The rows an applied batch wrote, as far as the person may see them."""
    resource = kinds[batch.kind]
    resources = _written_of(batch, resource)
    own = batch.created + batch.updated + batch.withdrawn
    source = resource.source_rows
    # A file may have nothing new but sections.
    usual = source.resource if source and batch.sections and not own else resource
    chosen = next((r for r in resources if r.kind == request.GET.get("of")), usual)
    history = chosen.model().history.model
    written = _last_versions(history.objects.filter(change_set=batch.change_set_id))
    total = own if chosen is resource else batch.created_students
    total = batch.sections if source and chosen is source.resource else total
    if batch.undoes_id or resource.nested:
        total = written.count()
    rows = written.order_by(*order_of(chosen.model(), total))
    paginator = Paginator(rows, PER_PAGE)
    paginator.count = total  # counting a million rows again would be slow
    page = paginator.get_page(request.GET.get("page"))
    sheets = _sheets_of(batch, chosen, [row.id for row in page])
    changes, tabs = _rows(page, chosen, request, sheets), _tabs(resources, chosen)
    return Changes(page, changes, tabs, total <= MOST_SORTED)


def _last_versions(written: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Without those of values that changed hands within the file, and were blank in between."""
    model = written.model.instance_type
    if all(condition is None for _field, condition in unique_fields(model)):
        return written
    same = written.order_by().filter(id=models.OuterRef("id"))
    return written.exclude(models.Exists(same.filter(history_id__gt=models.OuterRef("history_id"))))


def order_of(model: type[models.Model], total: int) -> tuple[Any, ...]:
    """The order of history rows of one import: line, then name; as written where there are many."""
    if total > MOST_SORTED:
        return ("history_id",)
    names = model.natural_key_paths() if total <= MOST_NAMED else ()
    # Rows without a line in the file, such as the withdrawn, come last.
    return (models.F("line").asc(nulls_last=True), *names, "history_id")


def _written_of(batch: Batch, resource: type[ImportKind]) -> list[type[ImportKind]]:
    """The kind and the kinds its import wrote besides: companions and members."""
    written, companion = [resource], resource.companion
    if companion and (batch.created_students or batch.undoes_id or not companion.option):
        written.append(companion.resource)
    if resource.source_rows and batch.sections:
        written.append(resource.source_rows.resource)
    return [*written, resource.nested.resource] if resource.nested else written


def _sheets_of(batch: Batch, resource: type[ImportKind], keys: list[int]) -> dict[int, str]:
    """The sheets of rows, by their keys; none for a file of one table."""
    names = batch.sheet_names
    if len(names) < 2:
        return dict.fromkeys(keys, batch.only_sheet)
    rows = batch.row_sheets.filter(kind=resource.kind, row_key__in=keys)
    return {key: names[place] for key, place in rows.values_list("row_key", "place")}


def _rows(
    page: Page, resource: type[ImportKind], request: HttpRequest, sheets: dict[int, str]
) -> list[ChangedRow]:
    model = resource.model()
    named = sorted({c.reference for c in resource.columns().values() if c.reference})
    visible = permitted(model._base_manager.select_related(*named), request.user, "view")
    rows_by_id = visible.in_bulk([row.id for row in page])
    prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    has_history = may(request.user, "history", model)
    return [
        ChangedRow(
            line=row.line,
            what=row.get_history_type_display(),
            name=str(rows_by_id[row.id]),
            page=reverse(f"{prefix}_change", args=[row.id]),
            history=reverse(f"{prefix}_history", args=[row.id]) if has_history else "",
            sheet=sheets.get(row.id, "") if row.line else "",
        )
        for row in page
        if row.id in rows_by_id
    ]


def _tabs(resources: list[type[ImportKind]], chosen: type[ImportKind]) -> list[dict[str, Any]]:
    if len(resources) == 1:
        return []
    return [
        {"title": capfirst(each.label), "link": f"?of={each.kind}", "active": each is chosen}
        for each in resources
    ]
