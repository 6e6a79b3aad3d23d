"""Files out: the rows of a kind as its columns, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from backoffice.admin_site.spreadsheets import Echo, download, formula_safe
from backoffice.bulk.resources import KindResource


def exported_rows(
    resource: type[KindResource], queryset: models.QuerySet[Any]
) -> Iterator[list[str]]:
    """The header and then every row as text, read from the database as a stream."""
    columns = resource.exported_columns()
    yield [column.column_name for column in columns]
    paths = [column.attribute for column in columns]
    ordered = queryset.order_by(*[column.attribute for column in columns if column.key])
    for values in ordered.values_list(*paths).iterator(chunk_size=5_000):
        yield [formula_safe(as_text(value)) for value in values]


def as_text(value: object) -> str:
    """A value as an import reads it again: ISO dates, 1 and 0, nothing for no value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def exported_lines(resource: type[KindResource], queryset: models.QuerySet[Any]) -> Iterator[str]:
    """The rows as lines of CSV."""
    return map(csv.writer(Echo()).writerow, exported_rows(resource, queryset))


def exported_selection(
    resource: type[KindResource], rows: models.QuerySet[Any], course: str, presentation: str
) -> models.QuerySet[Any]:
    """The rows of a kind, or those of one course.

    Raises ValueError for a kind without courses, and for a course without rows.
    """
    if not course and not presentation:
        return rows
    paths = resource.course_paths()
    if not paths or not (course and presentation):
        raise ValueError(
            _("Give both a course code and a presentation, for rows that belong to a course.")
        )
    chosen = rows.filter(**dict(zip(paths, (course, presentation), strict=True)))
    if not chosen.exists():
        raise ValueError(
            _("There is nothing to export for course %(course)s, presentation %(presentation)s.")
            % {"course": course, "presentation": presentation}
        )
    return chosen


def downloaded(name: str, rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """Rows of values as a CSV file to save, formula-safe, sent while it is being made."""
    lines = ([formula_safe(as_text(value)) for value in row] for row in rows)
    return download(name, map(csv.writer(Echo()).writerow, lines))
