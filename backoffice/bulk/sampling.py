"""A few rows of each class of a preview, as they are and as they would become."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from backoffice.bulk.faults import said
from backoffice.bulk.layout import Layout
from backoffice.bulk.leaving import Leavers
from backoffice.bulk.models import Batch
from backoffice.bulk.planning import Planner, State
from backoffice.bulk.work import Import

SAMPLE = 5


@dataclass(frozen=True)
class Change:
    """One value of a row: the column, the stored value, the value of the file."""

    column: str
    old: str
    new: str

    @property
    def is_change(self) -> bool:
        """Whether the two differ."""
        return self.old != self.new


@dataclass(frozen=True)
class SampleRow:
    """One row of the file in a preview."""

    line: int | None
    key: str
    values: tuple[Change, ...]

    @property
    def changes(self) -> list[Change]:
        """What an update would change."""
        return [value for value in self.values if value.is_change]


def samples_of(batch: Batch) -> dict[str, list[SampleRow]]:
    """Up to five rows of each class that would be written or left alone; empty once applied.

    `newcomers` are the students an enrollment file adds.
    """
    work = Import(batch)
    planner, newcomers, leavers, _within = work.plans()
    with connection.cursor() as cursor:
        if not work.dialect.has_tables(cursor, (work.tables.stage, work.tables.plan)):
            return {}
        classes = (State.CREATED, State.UPDATED, State.UNCHANGED)
        found = {state.name.lower(): _sample(cursor, planner, state) for state in classes}
        if newcomers:
            found["newcomers"] = _sample(cursor, newcomers.planner, State.CREATED)
        if leavers:
            found["leavers"] = _leaving(cursor, leavers)
        return found


def _leaving(cursor: Any, leavers: Leavers) -> list[SampleRow]:
    """Rows that are missing from the file; they stand on no line."""
    cursor.execute(f"{leavers.ids} ORDER BY 1 LIMIT {SAMPLE}")
    ids = [number for (number,) in cursor.fetchall()]
    model = leavers.planner.layout.model
    named = (leavers.leaving.scope, leavers.leaving.member)
    return [
        SampleRow(None, str(row), ())
        for row in model._base_manager.select_related(*named).filter(pk__in=ids).order_by("pk")
    ]


def _sample(cursor: Any, planner: Planner, state: State) -> list[SampleRow]:
    layout, tables = planner.layout, planner.tables
    old = [_stored(layout, column) for column in layout.own]
    new = [_given(layout, column) for column in layout.own]
    keys = [f"s.c_{column.column_name}" for column in layout.key]
    cursor.execute(
        f"""SELECT {", ".join(["s.line_no", *keys, *old, *new])}
            FROM (SELECT row_no, kept FROM {tables.plan} WHERE state = %s
                  ORDER BY row_no LIMIT {SAMPLE}) p
            JOIN {tables.stage} s ON s.row_no = p.row_no {layout.joins} ORDER BY s.row_no""",
        [state],
    )
    return [_row(layout, record) for record in cursor.fetchall()]


def _stored(layout: Layout, column: Any) -> str:
    """SQL: the stored value as a person knows it; a reference by its part, not by its number."""
    if not column.reference:
        return layout.stored(column)
    table = layout.model._meta.get_field(column.reference).related_model._meta.db_table
    return f"(SELECT x.{column.target} FROM {table} x WHERE x.id = {layout.stored(column)})"


def _given(layout: Layout, column: Any) -> str:
    if not column.reference:
        return layout.taken(column)
    given = f"s.c_{column.column_name}"
    return f"CASE WHEN {layout.is_kept(column)} THEN {_stored(layout, column)} ELSE {given} END"


def _row(layout: Layout, record: tuple[Any, ...]) -> SampleRow:
    line, rest = record[0], [said(value) for value in record[1:]]
    keys, own = len(layout.key), len(layout.own)
    values = zip(layout.own, rest[keys : keys + own], rest[keys + own :], strict=True)
    changes = tuple(Change(column.column_name, old, new) for column, old, new in values)
    return SampleRow(line, " · ".join(rest[:keys]), changes)
