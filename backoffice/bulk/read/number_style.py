"""How a file writes its numbers, found out by reading it once more where that matters."""

from collections.abc import Callable, Iterator
from functools import cache

from django.db import models

from backoffice.bulk.kinds.column import Role
from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.read.header import MatchedHeader
from backoffice.bulk.readers import TableReader
from backoffice.bulk.values.numbers import NumberStyle, has_point


def style_of(
    reader: TableReader,
    header: MatchedHeader,
    resource: type[ImportKind],
    reopened: Callable[[], TableReader],
) -> NumberStyle:
    """The style of an opened file; `reopened` opens it anew, from its beginning."""
    places = tuple(_number_places(header, resource))

    @cache
    def has_points() -> bool:
        with reopened() as again:
            return any(_has_points(row.cells, places) for row in again.rows())

    return NumberStyle(reader.delimiter if reader.is_text else "", has_points)


def _has_points(cells: list[str], places: tuple[int, ...]) -> bool:
    return any(has_point(cells[at]) for at in places if at < len(cells))


def _number_places(header: MatchedHeader, resource: type[ImportKind]) -> Iterator[int]:
    """Where numbers with decimals stand in a row, counted from 0."""
    for placed in header.placed:
        if placed.column.role is Role.BASE:
            continue  # a gradebook has it in a list of texts, which no spreadsheet writes anew
        _column, model = resource.column_named(placed.column.column_name)
        if isinstance(placed.column.model_field(model), models.DecimalField):
            yield placed.position
    if not resource.nested:
        return
    model = resource.nested.resource.model()
    for name, column in resource.nested_columns().items():
        if isinstance(column.model_field(model), models.DecimalField):
            yield from (group[name] for group in header.groups if name in group)
