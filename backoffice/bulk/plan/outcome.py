"""What a plan amounts to: totals, a digest, the faults it found, and samples to look at."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.models import Batch
from backoffice.bulk.plan.companions import Companions
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.nested_rows import NestedPlan
from backoffice.bulk.plan.planner import Planner, RowState
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.values.cell_origins import Origin, origin_of
from backoffice.bulk.values.faults import Fault, display_text, display_value

MAIN, NEW, MEMBER = range(3)  # the plans


@dataclass(frozen=True)
class Outcome:
    """How many rows go which way, and one number that stands for all of it."""

    counts: dict[str, int]
    companions: int
    digest: str
    has_faults: bool

    def count(self, state: RowState) -> int:
        """How many rows of the file are in this state."""
        return self.counts.get(state, 0)


def outcome_of(
    cursor: CursorWrapper,
    batch: Batch,
    planner: Planner,
    companions: Companions | None,
    missing_rows: MissingRows | None,
    within: NestedPlan | None,
) -> Outcome:
    """Count the plan and digest it: file, options, and what happens to which record."""
    plans = {MAIN: planner}
    plans |= {NEW: companions.planner} if companions else {}
    plans |= {MEMBER: within.planner} if within else {}
    queries = [_summary(number, each) for number, each in plans.items()]
    if missing_rows:
        queries.append(missing_rows.digest())
    cursor.execute(" UNION ALL ".join(queries) + " ORDER BY 1, 2")
    rows = cursor.fetchall()
    counts = {
        s: count for number, s, count, *_rest in rows if not number or s == RowState.WITHDRAWN
    }
    created = sum(
        count for number, s, count, *_rest in rows if number == NEW and s == RowState.CREATED
    )
    basis = [batch.options, batch.file_hash, [list(map(str, row)) for row in rows]]
    digest = hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()
    created = created if companions and companions.is_counted else 0
    return Outcome(counts, created, digest, has_faults=any(row[-1] for row in rows))


def _summary(number: int, planner: Planner) -> str:
    references = "".join(
        f" || ':' || coalesce(cast(fk_{each.field.name} AS text), '')"
        for each in planner.layout.references
    )
    text = (
        "row_no || ':' || state || ':' || flags || ':' || preserved || ':' "
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
        """Add an issue for every bit set in the plan."""
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
        cells = [f"s.c_{column.column_name}" for column in self.columns]
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
        """What is strange is told of rows that go in; of a wrong one, what is wrong."""
        row, line, flags, state = at
        remaining = iter(others)
        for index, check in enumerate(self.checks):
            other = next(remaining) if check.other else ""
            if flags >> index & 1 and not (check.is_warning and state == RowState.REJECTED):
                template = _naming(check, staging_file.name_of(check.other_column, origin))
                fault = Fault(check.code, template, check.is_warning, display_value(other))
                place = staging_file.line_of(check.column, line) if check.is_of_name else line
                value = display_value(cells.get(check.column))
                staging_file.add_fault(fault, place, row, check.column, value, origin)


def _naming(check: Check, header: str) -> str:
    """The sentence of a check with the other column that it names, as the file calls it."""
    name = display_text(header).replace("{", "{{").replace("}", "}}")
    return check.template.replace("{beside}", name)
