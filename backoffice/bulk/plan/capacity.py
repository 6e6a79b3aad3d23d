"""Rows that come into a course without room for them, once the whole file is in: the last ones.

What adds nobody goes into a full course. See `CapacityRule`: forms meet the same one.
"""

from dataclasses import dataclass

from django.db import models
from django.db.backends.utils import CursorWrapper

from backoffice.admin_site.models.rules import CapacityRule, names_in
from backoffice.bulk.kinds.column import field_at, related_model
from backoffice.bulk.kinds.conditions import Sql, is_true, literal, with_literals
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.values.cell_origins import origin_of
from backoffice.bulk.values.faults import Fault, display_value


@dataclass(frozen=True)
class Capacity:
    """Finds the rows of a plan beyond the limits: refused, or allowed and pointed out."""

    planner: Planner
    rule: CapacityRule
    missing_rows: MissingRows | None
    is_allowed: bool

    def plan(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        """Mark these rows in the plan and report each."""
        plan, state = self.planner.tables.plan, "" if self.is_allowed else ", state = 'r'"
        cursor.execute(
            f"UPDATE {plan} SET over_limit = 1{state} FROM ({self._beyond()}) q "
            f"WHERE q.row_no = {plan}.row_no"
        )
        if cursor.rowcount:
            self._report(cursor, staging_file)

    def holds(self) -> Sql:
        """SQL: whether the same rows would be beyond the limits now."""
        changed = (
            f"SELECT 1 FROM {self.planner.tables.plan} p LEFT JOIN ({self._beyond()}) q "
            "ON q.row_no = p.row_no WHERE (p.over_limit = 1) <> (q.row_no IS NOT NULL)"
        )
        return f"(NOT EXISTS ({changed}))", ()

    def _report(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        tables, layout = self.planner.tables, self.planner.layout
        reference = next(r for r in layout.references if r.field.name == self.rule.field)
        column = reference.parts[0][1].column_name
        cursor.execute(
            f"SELECT {self.planner.reported_row}, p.line_no, s.raws, {cell(column)}, q.count, "
            f"q.most FROM ({self._beyond()}) q JOIN {tables.plan} p ON p.row_no = q.row_no "
            f"JOIN {tables.stage} s ON s.row_no = q.row_no ORDER BY q.row_no"
        )
        for row, line, noted, value, count, most in rows_of(cursor):
            sentence = self.rule.sentence(int(count), most, is_allowed=self.is_allowed)
            template = "{column} “{value}”: " + sentence.replace("{", "{{").replace("}", "}}")
            fault = Fault(self.rule.code, template, self.is_allowed)
            origin = origin_of(noted)
            shown = origin.cells.get(column, display_value(value))
            staging_file.add_fault(fault, line, row, column, shown, origin)

    def _beyond(self) -> str:
        """SQL: the number of each such row, with how many there would be, and the limit."""
        layout, tables = self.planner.layout, self.planner.tables
        key = field_at(layout.model, self.rule.field)
        other, place = related_model(layout.model, self.rule.field), f"fk_{self.rule.field}"
        places, most = other._meta.db_table, field_at(other, self.rule.most).column
        is_counted = self._counted({name: f"t.{field.column}" for name, field in self._fields()})
        leaving = f" - coalesce(({self._leaving(is_counted)}), 0)" if self.missing_rows else ""
        return f"""
            WITH moves AS MATERIALIZED (
              SELECT p.row_no, p.{place} AS place,
                CASE WHEN {self._counted(self._coming())} THEN 1 ELSE 0 END AS is_in,
                CASE WHEN t.id IS NOT NULL AND {is_counted} THEN 1 ELSE 0 END AS was_in
              FROM {tables.plan} p JOIN {places} c ON c.id = p.{place} AND c.{most} > 0
              JOIN {tables.stage} s ON s.row_no = p.row_no
              LEFT JOIN {layout.table} t ON t.id = p.target_id
              WHERE p.state IN ('c', 'u') OR p.over_limit = 1),
            totals AS (
              SELECT g.place, c.{most} AS most, g.net{leaving} + (
                SELECT count(*) FROM {layout.table} t
                WHERE t.{key.column} = g.place AND {is_counted}) AS count
              FROM (SELECT place, sum(is_in - was_in) AS net FROM moves GROUP BY place
                HAVING sum(is_in * (1 - was_in)) > 0) g JOIN {places} c ON c.id = g.place),
            coming AS (
              SELECT row_no, place,
                row_number() OVER (PARTITION BY place ORDER BY row_no DESC) AS rank
              FROM moves WHERE is_in = 1 AND was_in = 0)
            SELECT n.row_no, o.count, o.most FROM coming n JOIN totals o ON o.place = n.place
            WHERE n.rank <= o.count - o.most"""

    def _leaving(self, is_counted: str) -> str:
        """SQL: how many of the place `g.place` leave because the file does not name them."""
        assert self.missing_rows
        table = self.planner.layout.table
        return (
            f"SELECT count(*) FROM {self.missing_rows.table} m JOIN {table} t "
            f"ON t.id = m.target_id WHERE m.scope_id = g.place AND {is_counted}"
        )

    def _fields(self) -> list[tuple[str, models.Field]]:
        model = self.planner.layout.model
        return [(name, field_at(model, name)) for name in sorted(names_in(self.rule.counted))]

    def _coming(self) -> dict[str, str]:
        """SQL, by field: what a row has once the file is in."""
        layout = self.planner.layout
        written = {column.attribute: column for column in layout.written}
        return {
            name: layout.update_value(written[name])
            if name in written
            else f"CASE WHEN t.id IS NULL THEN {literal(field.get_default())} "
            f"ELSE t.{field.column} END"
            for name, field in self._fields()
        }

    def _counted(self, values: dict[str, str]) -> str:
        columns = {name: (values[name], field) for name, field in self._fields()}
        return f"({with_literals(is_true(self.rule.counted, columns))})"
