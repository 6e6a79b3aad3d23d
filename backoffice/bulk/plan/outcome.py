"""The outcome of a plan: totals, a digest, and the faults that its checks found."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.models import Batch
from backoffice.bulk.plan.companions import Companions
from backoffice.bulk.plan.identities.near_doubles import question_about
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.near_names import NearNames
from backoffice.bulk.plan.nested_rows import NestedPlan
from backoffice.bulk.plan.planner import Planner, RowState
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.values.cell_origins import Origin, origin_of
from backoffice.bulk.values.faults import Fault, display_text, display_value

MAIN, COMPANION, NESTED, SOURCE = range(4)  # the plans


class Plans(NamedTuple):
    """The plans of the file's rows, of their companions, missing rows and nested rows."""

    planner: Planner
    companions: Companions | None
    missing_rows: MissingRows | None
    nested: NestedPlan | None

    @property
    def others(self) -> list[Planner]:
        """The plans of companions and nested rows."""
        return [each.planner for each in (self.companions, self.nested) if each]


@dataclass(frozen=True)
class Outcome:
    """The totals of a plan, and a digest that changes with any of its rows."""

    counts: dict[str, int]
    companions: int
    digest: str
    has_faults: bool
    source_rows: int = 0  # of other systems, new or changed

    def count(self, state: RowState) -> int:
        return self.counts.get(state, 0)


def outcome_of(
    cursor: CursorWrapper, batch: Batch, plans: Plans, sources: Planner | None
) -> Outcome:
    """Count the plan and digest it: file, options, corrections, and what becomes of rows."""
    planner, companions, missing_rows, within = plans
    queries = [_summary(MAIN, planner)]
    queries += [_summary(COMPANION, companions.planner)] if companions else []
    queries += [_summary(NESTED, within.planner)] if within else []
    queries += [_summary(SOURCE, sources)] if sources else []
    queries += [missing_rows.digest()] if missing_rows else []
    queries += [_returned(planner)] if planner.returned else []
    cursor.execute(" UNION ALL ".join(queries) + " ORDER BY 1, 2")
    rows = cursor.fetchall()
    totals = {(number, state): count for number, state, count, *_rest in rows}
    beside = (COMPANION, NESTED, SOURCE)
    counts = {state: n for (number, state), n in totals.items() if number not in beside}
    written = (RowState.CREATED, RowState.UPDATED)
    source_rows = sum(totals.get((SOURCE, state), 0) for state in written)
    is_counted = companions and companions.is_counted
    created = totals.get((COMPANION, RowState.CREATED), 0) if is_counted else 0
    basis: list[Any] = [batch.options, batch.file_hash, [list(map(str, row)) for row in rows]]
    # Of a file that was corrected: who made what of which cell, and when.
    if batch.corrected_cells:
        basis.append([each.as_dict() | {"place": each.place} for each in batch.corrections.all()])
    digest = hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()
    has_faults = any(row[-1] for row in rows)
    return Outcome(counts, created, digest, has_faults, source_rows)


def _summary(number: int, planner: Planner) -> str:
    references = "".join(
        f" || ':' || coalesce(cast(fk_{each.field.name} AS text), '')"
        for each in planner.layout.references
    )
    text = (
        "row_no || ':' || state || ':' || flags || ':' || preserved || ':' || over_limit || ':' "
        f"|| coalesce(cast(target_id AS text), '') || ':' || coalesce(before, ''){references}"
    )
    return (
        f"SELECT {number} AS plan, state, count(*), {planner.layout.dialect.outcome_hash(text)}, "
        f"max(flags) FROM {planner.tables.plan} GROUP BY state"
    )


def _returned(planner: Planner) -> str:
    """SQL: one row of a summary: how many of the updated rows bring somebody back."""
    of_rows = planner.layout.dialect.outcome_hash("cast(p.row_no AS text)")
    return (
        f"SELECT 8 AS plan, '{RowState.RETURNED}' AS state, count(*), {of_rows}, 0 "
        f"FROM {planner.tables.plan} p WHERE {planner.returned}"
    )


class FlaggedRow(NamedTuple):
    """A row for which checks found something."""

    row: int
    line: int
    flags: int
    state: str
    origin: Origin
    staged: dict[str, object]

    def value(self, column: str) -> str:
        """The cell as it stands in the file."""
        return display_value(self.origin.cells.get(column, self.staged.get(column)))


class FaultReporter:
    """Turns the flags of a plan into issues, each at its line, row and column."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.checks = planner, planner.checks
        layout = planner.layout
        self.columns: tuple[Column, ...] = (*layout.columns, *layout.companion_columns)
        self.near_names = NearNames(layout)

    def report(self, staging_file: StagingFile) -> None:
        with connection.chunked_cursor() as cursor:
            cursor.execute(self._sql())
            names = [column.column_name for column in self.columns]
            width = 5 + len(names)
            for record in rows_of(cursor):
                staged = dict(zip(names, record[5:width], strict=True))
                row, line, flags, state, noted = record[:5]
                flagged = FlaggedRow(row, line, flags, state, origin_of(noted), staged)
                self._report_row(staging_file, flagged, record[width:])

    def _sql(self) -> str:
        layout, tables = self.planner.layout, self.planner.tables
        cells = [cell(column.column_name) for column in self.columns]
        # What a sentence names besides is looked up for the rows that the sentence is about.
        others = [
            f"CASE WHEN p.flags & {1 << bit} <> 0 THEN {sql} END"
            for bit, check in enumerate(self.checks)
            for sql in (check.other, check.hint)
            if sql
        ]
        return f"""
            SELECT {self.planner.reported_row}, p.line_no, p.flags & ~p.moved, p.state, s.raws,
                {", ".join([*cells, *others])}
            FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no {layout.joins}
            WHERE p.flags <> 0 ORDER BY p.row_no"""

    def _report_row(
        self, staging_file: StagingFile, flagged: FlaggedRow, others: Sequence[object]
    ) -> None:
        row, line, flags, state, origin, staged = flagged
        remaining = iter(others)
        for index, check in enumerate(self.checks):
            other = next(remaining) if check.other else ""
            near = next(remaining) if check.hint else ""
            # Warnings are for rows that go in; of a wrong one, only what is wrong is reported. What
            # is one with another row goes in as they are together.
            is_out = state in (RowState.REJECTED, RowState.FOLDED)
            is_moot = check.is_quiet or (check.is_warning and is_out)
            if flags >> index & 1 and not is_moot:
                template = _naming(check, staging_file.name_of(check.other_column, origin))
                template += _literal(_asking(near) or self.near_names.hint(check, staged))
                fault = Fault(check.code, template, check.is_warning, display_value(other))
                place = staging_file.line_of(check.column, line) if check.is_of_name else line
                value = flagged.value(check.column)
                staging_file.add_fault(fault, place, row, check.column, value, origin)


def _naming(check: Check, header: str) -> str:
    """The sentence of a check; another column that it names has its header of the file."""
    return check.template.replace("{beside}", _literal(display_text(header)))


def _asking(near: object) -> str:
    return " " + question_about(display_value(near)) if near else ""


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
