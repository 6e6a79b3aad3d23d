"""Rows with groups of columns out: as many groups as the longest row needs."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

from django.db import models

from backoffice.admin_site.pages.history import plain
from backoffice.admin_site.spreadsheets import csv_line, formula_safe
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.repeated_columns import header_of


def write_with_nested_rows(selection: Selection, stream: IO[bytes]) -> int:
    """Write the file, in UTF-8; returns the number of rows below the header."""
    rows = list(_rows(selection))
    most = max([1, *(len(members) for _own, members in rows)])
    group = list(selection.resource.nested_columns().values())
    stream.write(csv_line(header_of(selection.columns, group, most)).encode())
    ahead = [at for at, column in enumerate(selection.columns) if not column.role]
    behind = [at for at, column in enumerate(selection.columns) if column.role]
    for own, members in rows:
        cells = [cell for member in members for cell in member]
        cells += [""] * (len(group) * most - len(cells))
        line = [*(own[at] for at in ahead), *cells, *(own[at] for at in behind)]
        stream.write(csv_line(line).encode())
    return len(rows)


def _rows(selection: Selection) -> Iterator[tuple[list[str], list[list[str]]]]:
    members = selection.resource.nested
    assert members
    field = members.resource.model()._meta.get_field(members.reference)
    accessor = field.remote_field.get_accessor_name()
    paths = [column.attribute for column in selection.columns]
    inner = [f"{accessor}__{column.attribute}" for column in members.columns.values()]
    largest = f"-{accessor}__{members.columns[members.lowered_column].attribute}"
    order = [*selection.resource.export_order(), largest, f"{accessor}__pk"]
    # One statement; there are few of these rows, so all are held in memory.
    rows = selection.rows.order_by(*order).values_list("pk", *paths, f"{accessor}__pk", *inner)
    for _key, group in groupby(rows.iterator(), itemgetter(0)):
        lines = list(group)
        width = 1 + len(paths)
        own = list(map(_text, lines[0][1:width]))
        yield own, [list(map(_text, line[width + 1 :])) for line in lines if line[width]]


def _text(value: object) -> str:
    """A value as such files have it: words for booleans, numbers without empty decimals."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return formula_safe(str(plain(value)))


def fields_of(selection: Selection, header: list[str]) -> list[models.Field]:
    """The model field behind each column of such a file."""
    resource = selection.resource
    own: dict[str, tuple[Column, Any]] = {
        c.header: (c, resource.model()) for c in selection.columns
    }
    if resource.nested:
        inner = resource.nested.resource.model()
        own |= {c.header: (c, inner) for c in resource.nested.columns.values()}
    return [column.model_field(model) for column, model in (own[name] for name in header)]
