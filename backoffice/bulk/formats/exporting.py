"""Files out in the format of another system."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db import models

from backoffice.admin_site.spreadsheets import Echo
from backoffice.bulk.exporting import exported_lines, exported_rows
from backoffice.bulk.formats.opening import table_of
from backoffice.bulk.models import Batch
from backoffice.bulk.resources import KindResource


def lines_in(
    dialect: str, resource: type[KindResource], queryset: models.QuerySet[Any]
) -> Iterator[str]:
    """The rows as lines of CSV, in a format. Raises ValueError where it has no such file."""
    if dialect in (Batch.Dialect.AUTO, Batch.Dialect.NATIVE):
        return exported_lines(resource, queryset)
    table = table_of(dialect, resource.kind)
    return map(csv.writer(Echo()).writerow, _rows_in(table, resource, queryset))


def _rows_in(
    table: Any, resource: type[KindResource], queryset: models.QuerySet[Any]
) -> Iterator[list[str]]:
    if table.has_header:
        yield list(table.written)
    rows = exported_rows(resource, queryset)
    names = next(rows)
    for row in rows:
        cells = table.write(dict(zip(names, row, strict=True)))
        if cells is not None:
            yield [cells.get(name, "") for name in table.written]
