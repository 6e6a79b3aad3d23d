"""The outcome of a plan: totals, a digest, and the faults that its checks found."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.models import Batch
from backoffice.bulk.plan.companions import Companions
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.nested_rows import NestedPlan
from backoffice.bulk.plan.planner import Planner, RowState
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.values.cell_origins import Origin, origin_of
from backoffice.bulk.values.faults import Fault, display_text, display_value

MAIN, COMPANION, NESTED = range(3)  # the plans


@dataclass(frozen=True)
class Outcome:
    """The totals of a plan, and a digest that changes with any of its rows."""

    counts: dict[str, int]
    companions: int
    digest: str
    has_faults: bool

    def count(self, state: RowState) -> int:
        return self.counts.get(state, 0)


def outcome_of(
    cursor: CursorWrapper,
    batch: Batch,
    planner: Planner,
    companions: Companions | None,
    missing_rows: MissingRows | None,
    within: NestedPlan | None,
) -> Outcome:
    """Count the plan and digest it: file, options, corrections, and what becomes of rows."""
    queries = [_summary(MAIN, planner)]
    queries += [_summary(COMPANION, companions.planner)] if companions else []
    queries += [_summary(NESTED, within.planner)] if within else []
    queries += [missing_rows.digest()] if missing_rows else []
    cursor.execute(" UNION ALL ".join(queries) + " ORDER BY 1, 2")
    rows = cursor.fetchall()
    totals = {(number, state): count for number, state, count, *_rest in rows}
    counts = {
        state: n for (number, state), n in totals.items() if number not in (COMPANION, NESTED)
    }
    is_counted = companions and companions.is_counted
    created = totals.get((COMPANION, RowState.CREATED), 0) if is_counted else 0
    basis: list[Any] = [batch.options, batch.file_hash, [list(map(str, row)) for row in rows]]
    # Of a file that was corrected: who made what of which cell, and when.
    if batch.corrected_cells:
        basis.append([each.as_dict() | {"place": each.place} for each in batch.corrections.all()])
    digest = hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()
    return Outcome(counts, created, digest, has_faults=any(row[-1] for row in rows))


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


class FaultReporter:
    """Turns the flags of a plan into issues, each at its line, row and column."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.checks = planner, planner.checks
        layout = planner.layout
        self.columns: tuple[Column, ...] = (*layout.columns, *layout.companion_columns)

    def report(self, staging_file: StagingFile) -> None:
        with connection.chunked_cursor() as cursor:
            cursor.execute(self._sql())
            names = [column.column_name for column in self.columns]
            width = 5 + len(names)
            for record in rows_of(cursor):
                origin = origin_of(record[4])
                cells = {**dict(zip(names, record[5:width], strict=True)), **origin.cells}
                self._report_row(staging_file, record[:4], cells, origin, record[width:])

    def _sql(self) -> str:
        layout, tables = self.planner.layout, self.planner.tables
        cells = [cell(column.column_name) for column in self.columns]
        # What a sentence names besides is looked up for the rows that the sentence is about.
        others = [
            f"CASE WHEN p.flags & {1 << bit} <> 0 THEN {check.other} END"
            for bit, check in enumerate(self.checks)
            if check.other
        ]
        return f"""
            SELECT {self.planner.reported_row}, p.line_no, p.flags, p.state, s.raws,
                {", ".join([*cells, *others])}
            FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no {layout.joins}
            WHERE p.flags <> 0 ORDER BY p.row_no"""

    def _report_row(
        self,
        staging_file: StagingFile,
        at: tuple[int, int, int, str],
        cells: dict[str, object],
        origin: Origin,
        others: Sequence[object],
    ) -> None:
        row, line, flags, state = at
        remaining = iter(others)
        for index, check in enumerate(self.checks):
            other = next(remaining) if check.other else ""
            # Warnings are for rows that go in; of a wrong one, only what is wrong is reported.
            if flags >> index & 1 and not (check.is_warning and state == RowState.REJECTED):
                template = _naming(check, staging_file.name_of(check.other_column, origin))
                fault = Fault(check.code, template, check.is_warning, display_value(other))
                place = staging_file.line_of(check.column, line) if check.is_of_name else line
                value = display_value(cells.get(check.column))
                staging_file.add_fault(fault, place, row, check.column, value, origin)


def _naming(check: Check, header: str) -> str:
    """The sentence of a check; another column that it names has its header of the file."""
    name = display_text(header).replace("{", "{{").replace("}", "}}")
    return check.template.replace("{beside}", name)
