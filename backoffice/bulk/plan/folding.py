"""Rows of another system that are one row here: the sections of Canvas, the classes of OneRoster.

What a file and the earlier ones say of each section is planned as a row of its own. What all of
them say together, one row of the file takes as if it stood there; the others are folded into it.
"""

from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import ChangeSet
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.models.batch import FOLDED
from backoffice.bulk.plan.checks import CONFLICT, REPEAT
from backoffice.bulk.plan.nested_rows import NestedLayout
from backoffice.bulk.plan.planner import Planner, RowState, Tables
from backoffice.bulk.plan.source_rows import SourceQueries
from backoffice.bulk.plan.writer import Writer
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.values.cell_origins import origin_of
from backoffice.bulk.values.faults import Fault, display_value

TOGETHER = Check(
    "folded_with",
    "",
    _("the row is one with that on line {other}, which is refused. Correct that one."),
)
ANOTHER_ROLE = Check(
    "conflicting_duplicate",
    "",
    _(
        "{column} “{value}” contradicts section “{other}”, which goes on in another one. End that "
        "section in the same file, or correct this row."
    ),
)
OUTLASTED = Check(
    "section_goes_on",
    "",
    _(
        "{column} “{value}” is of this section alone: section “{other}”, from an earlier file, "
        "goes on."
    ),
    is_warning=True,
)


@dataclass(frozen=True)
class FoldedTables:
    """The names of a batch's tables: source rows staged and planned, and rows with theirs."""

    own: Tables
    folds: str


class Folding:
    """The plan of the source rows, and the rows of the file that they make one."""

    def __init__(self, main: Planner, tables: FoldedTables, *, is_whole: bool) -> None:
        source = main.layout.resource.source_rows
        assert source
        self.main, self.source, self.tables = main, source, tables.own
        staged = {column.column_name for column in main.layout.own}
        self.folded = tuple(name for name in source.folded if name in staged)
        layout = NestedLayout(
            *(source.resource, (*source.named_by, *self.folded), main.layout.dialect),
            actor=main.layout.actor,
            has_reason=main.layout.has_reason,
            above=main.tables,
            nested=source,
        )
        self.planner = Planner(layout, "upsert", tables.own)
        self.queries = SourceQueries(main, self.planner, tables.folds, self.folded, is_whole)
        self.reference = layout.belonging

    @property
    def link(self) -> str:
        """SQL: join each staged source row `s` to the plan `np` of the row that it is."""
        return f"LEFT JOIN {self.main.tables.plan} np ON np.row_no = s.up_no"

    def plan(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        """Fold the rows and plan the source rows; what is wrong with either is reported."""
        queries, column = self.queries, self.source.alike
        if queries.has_several(cursor):
            self._decide(cursor, staging_file, REPEAT, queries.repeats())
            if queries.has_alike:
                self._decide(cursor, staging_file, CONFLICT, queries.of_other_role(), column)
            self._decide(cursor, staging_file, TOGETHER, queries.with_refused())
        if queries.has_alike and not queries.is_whole:
            self._decide(cursor, staging_file, ANOTHER_ROLE, queries.against_stored(), column)
        queries.stage(cursor)
        if self.source.state in self.folded:
            self._report(staging_file, OUTLASTED, queries.outlasted(), self.source.state)
        self._fold(cursor)
        self.planner.create(cursor)

    def _fold(self, cursor: CursorWrapper) -> None:
        plan, queries = self.main.tables.plan, self.queries
        if self.folded and queries.fold(cursor):
            self.main.renew(cursor, queries.folded_rows())
        cursor.execute(
            f"UPDATE {plan} SET state = '{RowState.FOLDED}' FROM {queries.folds} f "
            f"WHERE f.row_no = {plan}.row_no AND f.row_no <> f.up_no"
        )

    def close(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        """After all other checks: refuse what is one with a refused row, and count the others."""
        queries = self.queries
        self._decide(cursor, staging_file, TOGETHER, queries.of_refused())
        cursor.execute(
            f"UPDATE {self.tables.plan} SET state = '{RowState.REJECTED}' "
            f"WHERE row_no IN ({queries.of_left_out_rows()})"
        )
        cursor.execute(queries.totals())
        rows, ones = cursor.fetchone()
        if rows:
            template = self.source.one(rows, ones)
            fault = Fault(FOLDED, template, is_warning=True)
            staging_file.add_fault(fault, staging_file.header_line, 0, "", "")

    def write(self, cursor: CursorWrapper, change_set: ChangeSet) -> int:
        """Write the source rows; how many were new or changed."""
        return Writer(self.planner, change_set, self).write(cursor)

    def still_holds(self) -> str:
        """SQL: nobody wrote a source row of these rows that the plan does not know."""
        return self.queries.has_all()

    def _decide(
        self,
        cursor: CursorWrapper,
        staging_file: StagingFile,
        check: Check,
        query: str,
        column: str = "",
    ) -> None:
        """Report the rows that a query finds, and refuse or leave them out."""
        if not self._report(staging_file, check, query, column):
            return
        state = RowState.DUPLICATE if check.is_warning else RowState.REJECTED
        rows = f"SELECT x.row_no FROM ({query}) x"
        cursor.execute(
            f"UPDATE {self.main.tables.plan} SET state = '{state}' WHERE row_no IN ({rows})"
        )

    def _report(
        self, staging_file: StagingFile, check: Check, query: str, column: str = ""
    ) -> bool:
        """Report the rows of a query, each with its `other`; whether there were any."""
        tables, count = self.main.tables, 0
        value = cell(column) if column else "NULL"
        with connection.chunked_cursor() as reading:
            reading.execute(
                f"SELECT s.row_no, s.line_no, s.raws, {value}, x.other FROM ({query}) x "
                f"JOIN {tables.stage} s ON s.row_no = x.row_no ORDER BY s.row_no"
            )
            for row, line, noted, value, other in rows_of(reading):
                count += 1
                origin = origin_of(noted)
                text = origin.cells.get(column, display_value(value))
                other = str(other) or gettext("without a name")
                fault = Fault(check.code, str(check.template), check.is_warning, other)
                staging_file.add_fault(fault, line, row, column, text, origin)
        return bool(count)
