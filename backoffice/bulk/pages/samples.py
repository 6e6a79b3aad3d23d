"""A few rows of each class of a preview, with their stored and new values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from django.db import connection, models

from backoffice.bulk.kinds.column import Column, related_model
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.nested_rows import NestedPlan
from backoffice.bulk.plan.planner import Planner, RowState
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.values.faults import display_value

SAMPLE = 5


@dataclass(frozen=True)
class Change:
    """One value of a row: the column, the stored value, the value of the file."""

    column: str
    old: str
    new: str


@dataclass(frozen=True)
class SampleRow:
    """One row of the file in a preview."""

    line: int | None
    key: str
    values: tuple[Change, ...]
    name: str = ""  # of a stored row that is missing: the student
    sheet: str = ""  # of a workbook of several

    @property
    def changes(self) -> list[Change]:
        return [value for value in self.values if value.old != value.new]


def samples_of(batch: Batch) -> dict[str, list[SampleRow]]:
    """Up to five rows of each class that would be written or left alone; empty once applied."""
    work = Import(batch)
    planner, companions, missing_rows, within = work.plans
    with connection.cursor() as cursor:
        if not work.dialect.has_tables(cursor, (work.tables.stage, work.tables.plan)):
            return {}
        classes = (RowState.CREATED, RowState.UPDATED, RowState.UNCHANGED)
        samples = {state.name.lower(): _sample(cursor, planner, state, within) for state in classes}
        if planner.returned:
            samples["returned"] = _sample(cursor, planner, RowState.RETURNED)
        if companions and companions.is_counted:
            samples["new_students"] = _sample(cursor, companions.planner, RowState.CREATED)
        named = {
            name: [replace(row, sheet=batch.sheet_of(number)) for number, row in rows.items()]
            for name, rows in samples.items()
        }
        return named | ({"missing_rows": _missing(cursor, missing_rows)} if missing_rows else {})


def _missing(cursor: Any, missing_rows: MissingRows) -> list[SampleRow]:
    cursor.execute(f"{missing_rows.ids} ORDER BY 1 LIMIT {SAMPLE}")
    ids = [number for (number,) in cursor.fetchall()]
    layout, member = missing_rows.planner.layout, missing_rows.policy.member
    model, named = layout.model, (missing_rows.policy.scope, member)
    return [
        SampleRow(None, _stored_key(layout, row), (), str(getattr(row, member)))
        for row in model._base_manager.select_related(*named).filter(pk__in=ids).order_by("pk")
    ]


def _stored_key(layout: Layout, row: models.Model) -> str:
    """The natural key of a stored row, as a row of a file has it."""
    texts = [attrgetter(column.attribute.replace("__", "."))(row) for column in layout.key]
    return " · ".join(map(display_value, texts))


def _sample(
    cursor: Any, planner: Planner, state: RowState, within: NestedPlan | None = None
) -> dict[int, SampleRow]:
    """The rows by their staged number."""
    layout, tables = planner.layout, planner.tables
    columns = (*layout.own, *layout.implied)
    old = [_stored(layout, column) for column in columns]
    new = [_incoming(layout, column) for column in columns]
    keys = [f"s.c_{column.column_name}" for column in layout.key]
    cursor.execute(
        f"""SELECT {", ".join(["s.row_no", "s.line_no", *keys, *old, *new])}
            FROM (SELECT p.row_no, p.preserved FROM {tables.plan} p
                  WHERE {_is_of(planner, state)} ORDER BY p.row_no LIMIT {SAMPLE}) p
            JOIN {tables.stage} s ON s.row_no = p.row_no {layout.joins} ORDER BY s.row_no"""
    )
    rows = {number: _row(layout, record) for number, *record in cursor.fetchall()}
    if within and rows:
        for number, change in _inner_changes(cursor, within, list(rows)):
            row = rows[number]
            rows[number] = replace(row, values=(*row.values, change))
    return rows


def _is_of(planner: Planner, state: RowState) -> str:
    """SQL: the rows `p` of the plan of this class; who is back is a class of its own."""
    if state is RowState.RETURNED:
        return planner.returned
    others = planner.returned if state is RowState.UPDATED else ""
    return f"p.state = '{state}'" + (f" AND NOT ({others})" if others else "")


def _inner_changes(
    cursor: Any, within: NestedPlan, rows: list[int]
) -> Iterator[tuple[int, Change]]:
    """Pairs of row number and change of a member, each named after its member."""
    layout, tables = within.layout, within.planner.tables
    name = layout.key[0]
    values = [sql for c in layout.own for sql in (layout.stored(c), layout.update_value(c))]
    cells = ", ".join(["s.up_no", "p.state", f"s.c_{name.column_name}", *values])
    numbers = ", ".join(map(str, rows))
    cursor.execute(
        f"SELECT {cells} FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no "
        f"{layout.joins} WHERE s.up_no IN ({numbers}) ORDER BY s.row_no"
    )
    for number, state, member, *pairs in cursor.fetchall():
        if state == RowState.CREATED:
            yield number, Change(name.header, "", display_value(member))
        for at, column in enumerate(layout.own):
            old, new = map(display_value, pairs[2 * at : 2 * at + 2])
            yield number, Change(f"{column.header} ({member})", old, new)


def _stored(layout: Layout, column: Any) -> str:
    """SQL text: the stored value; of a reference its `target` column, not its id."""
    if not column.reference:
        return layout.stored(column)
    table = related_model(layout.model, column.reference)._meta.db_table
    return f"(SELECT x.{column.target} FROM {table} x WHERE x.id = {layout.stored(column)})"


def _incoming(layout: Layout, column: Any) -> str:
    if not column.reference:
        return layout.update_value(column)
    cell = f"s.c_{column.column_name}"
    return f"CASE WHEN {layout.is_preserved(column)} THEN {_stored(layout, column)} ELSE {cell} END"


def _row(layout: Layout, record: Sequence[Any]) -> SampleRow:
    line, rest = record[0], record[1:]
    columns = (*layout.own, *layout.implied)
    keys, own = len(layout.key), len(columns)
    values = zip(columns, rest[keys : keys + own], rest[keys + own :], strict=True)
    changes = tuple(_change(layout, column, old, new) for column, old, new in values)
    return SampleRow(line, " · ".join(map(display_value, rest[:keys])), changes)


def _change(layout: Layout, column: Column, old: object, new: object) -> Change:
    # SQLite has 1 and 0, PostgreSQL true and false.
    if isinstance(column.model_field(layout.model), models.BooleanField):
        old, new = (None if value is None else str(bool(value)).lower() for value in (old, new))
    return Change(column.header, display_value(old), display_value(new))
