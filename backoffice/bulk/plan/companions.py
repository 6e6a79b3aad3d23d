"""Records that an import creates besides its rows: the unknown students of an enrollment file.

They are staged as rows of the companion kind and planned like a file of it: one set of rules holds.
"""

from typing import Protocol

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.sql_names import parent_id, planned
from backoffice.bulk.plan.planner import Planner, Tables
from backoffice.bulk.sql.layout import Layout, staged_types
from backoffice.bulk.sql.references import Reference


class CompanionRows(Protocol):
    """Rows of another plan, to which rows of this one will point."""

    @property
    def reference(self) -> Reference:
        """The foreign key that will point there."""

    @property
    def link(self) -> str:
        """SQL: join each staged row `s` to the plan `np` of the row it points to."""


class Companions:
    """The plan of the companions beside the main one."""

    def __init__(self, main: Planner, tables: Tables) -> None:
        companion = main.layout.resource.companion
        reference = main.layout.companion_reference
        assert companion
        assert reference
        self.main, self.reference = main, reference
        # Students are counted apart from the rows they come with; a rubric is its criteria.
        self.is_counted = bool(companion.option)
        self.key: Column = reference.parts[0][1]
        link = reference.parts + tuple((c.target, c) for c in reference.narrowing)
        self.keys = tuple(column.column_name for _target, column in link)
        implied = companion.implied(main.layout) if companion.implied else {}
        self.implied = {name: sql for name, sql in implied.items() if name not in self.keys}
        names = (*self.keys, *self.implied, *main.layout.companion_names)
        layout = Layout(companion.resource, names, main.layout.dialect, is_all_new=True)
        self.derived = tuple(companion.resource.derived)
        self.tables = tables
        self.planner = Planner(layout, "upsert", tables)

    def plan(self, cursor: CursorWrapper, merged: str) -> None:
        """Stage and plan the companions; `merged` has what several rows say of one, or is blank."""
        self._stage(cursor, merged)
        self.planner.create(cursor)

    def _stage(self, cursor: CursorWrapper, merged: str) -> None:
        stage, plan, key = self.main.tables.stage, self.main.tables.plan, self.key.column_name
        companion_names = self.main.layout.companion_names
        values = {name: f"s.c_{name}" for name in (*self.keys, *companion_names, *self.derived)}
        if merged:
            values |= {
                name: f"CASE WHEN m.c_{key} IS NULL THEN s.c_{name} ELSE m.c_{name} END"
                for name in companion_names
            }
        values |= self.implied
        # Each companion is staged from the first row that names it.
        columns = ", ".join(f"{sql} AS c_{name}" for name, sql in values.items())
        group = ", ".join(f"k.c_{name}" for name in self.keys)
        link = f"LEFT JOIN {merged} m ON m.c_{key} = s.c_{key}" if merged else ""
        select = f"""
            SELECT s.row_no, s.line_no, CAST(0 AS bigint) AS bad, {columns}
            FROM {stage} s {link} WHERE s.row_no IN (
                SELECT MIN(p.row_no) AS row_no FROM {plan} p JOIN {stage} k ON k.row_no = p.row_no
                WHERE p.state <> 'r' AND p.fk_{self.reference.field.name} IS NULL
                GROUP BY {group})"""
        layout = self.main.layout
        dialect, names = layout.dialect, [*self.keys, *companion_names]
        types = {"row_no": "integer", "line_no": "integer", "bad": "bigint"}
        types |= staged_types(layout.resource, names, self.derived, dialect)
        types |= staged_types(self.planner.layout.resource, list(self.implied), (), dialect)
        dialect.create_filled(cursor, self.tables.stage, types, (select, ()))

    def still_implies(self, cursor: CursorWrapper) -> bool:
        """Whether the implied key columns still have the values that were staged."""
        if not self.implied:
            return True
        differs = self.main.layout.dialect.differs
        tests = [differs(f"n.c_{name}", sql) for name, sql in self.implied.items()]
        cursor.execute(
            f"SELECT 1 FROM {self.tables.stage} n JOIN {self.main.tables.stage} s "
            f"ON s.row_no = n.row_no WHERE {' OR '.join(tests)} LIMIT 1"
        )
        return cursor.fetchone() is None

    @property
    def link(self) -> str:
        """SQL: join each staged row `s` of the main kind to its companion's plan `np`."""
        same = " AND ".join(f"n.c_{name} = s.c_{name}" for name in self.keys)
        return (
            f"LEFT JOIN {self.tables.stage} n ON {same} "
            f"LEFT JOIN {self.tables.plan} np ON np.row_no = n.row_no"
        )


def companion_row_of(reference: Reference, companions: CompanionRows | None) -> str:
    """SQL: the id that a reference has after the import, a new row's included."""
    known = planned(reference.field.name)
    is_new = companions and companions.reference == reference
    return f"coalesce({known}, {parent_id()})" if is_new else known
