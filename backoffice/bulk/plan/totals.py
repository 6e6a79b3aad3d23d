"""What a column adds up to once the whole file is in: beyond the most, it is pointed out.

Of each place the last row of the file that adds to it is named. See `TotalRule`.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import models
from django.db.backends.utils import CursorWrapper

from backoffice.admin_site.models.rules import TotalRule
from backoffice.bulk.kinds.column import Column, field_at, related_model
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.values.cell_origins import origin_of
from backoffice.bulk.values.faults import Fault, display_value


@dataclass(frozen=True)
class Totals:
    """Finds the places where a plan comes to more than it should."""

    planner: Planner
    rule: TotalRule

    def report(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        """Report each such place once; nothing where the file does not have the column."""
        layout = self.planner.layout
        column = next((c for c in layout.written if c.attribute == self.rule.summed), None)
        if column is None:
            return
        cursor.execute(self._beyond(column))
        rows = list(rows_of(cursor))
        places = related_model(layout.model, self.rule.field)._base_manager
        named = places.in_bulk([row[-2] for row in rows]) if rows else {}
        for row, line, noted, value, place, total in rows:
            origin, name = origin_of(noted), column.column_name
            shown = origin.cells.get(name, display_value(value))
            fault = Fault(self.rule.code, self._template(named[place], total), is_warning=True)
            staging_file.add_fault(fault, line, row, name, shown, origin)

    def _template(self, place: models.Model, total: object) -> str:
        sentence = self.rule.sentence(place, display_value(Decimal(str(total))))
        return "{column} “{value}”: " + sentence.replace("{", "{{").replace("}", "}}")

    def _beyond(self, column: Column) -> str:
        """SQL: of each place the last row that adds to it, and what it comes to."""
        layout, tables, summed = self.planner.layout, self.planner.tables, self.rule.summed
        key = field_at(layout.model, self.rule.field).column
        amount = field_at(layout.model, summed).column
        return f"""
            WITH planned AS MATERIALIZED (
              SELECT p.row_no, p.line_no, s.raws, p.fk_{self.rule.field} AS place, p.target_id,
                {layout.update_value(column)} AS amount
              FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no
              LEFT JOIN {layout.table} t ON t.id = p.target_id
              WHERE p.state IN ('c', 'u', 'e')),
            totals AS (
              SELECT place, round(sum(amount), 2) AS total, max(last) AS last FROM (
                SELECT place, amount, CASE WHEN amount > 0 THEN row_no END AS last FROM planned
                UNION ALL
                SELECT t.{key}, t.{amount}, NULL FROM {layout.table} t
                WHERE t.{key} IN (SELECT place FROM planned)
                  AND t.id NOT IN (SELECT target_id FROM planned WHERE target_id IS NOT NULL)) x
              GROUP BY place)
            SELECT n.row_no, n.line_no, n.raws, n.amount,
              o.place, o.total
            FROM totals o JOIN planned n ON n.row_no = o.last
            WHERE o.total > {self.rule.most} ORDER BY n.row_no"""
