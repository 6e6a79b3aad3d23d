"""Records an import creates on the way: the unknown students of an enrollment file.

The first good row of each newcomer is staged as a row of the companion kind and planned like a file
of that kind, so that one set of rules holds. What is wrong there comes back to every row of the
newcomer; rows that contradict the first one are refused or noted.
"""

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.checks import Check, change_fault
from backoffice.bulk.columns import Column
from backoffice.bulk.layout import Layout, Reference
from backoffice.bulk.planning import Planner, Tables


class Newcomers:
    """The companion's plan beside the main one."""

    def __init__(self, main: Planner, tables: Tables) -> None:
        companion = main.layout.resource.companion
        reference = main.layout.companion_reference
        assert companion
        assert reference
        self.main, self.reference = main, reference
        self.key: Column = reference.parts[0][1]
        names = (self.key.column_name, *main.layout.companion_names)
        layout = Layout(companion.resource, names, main.layout.dialect, is_all_new=True)
        self.derived = tuple(companion.resource.derived)
        self.tables = tables
        self.planner = Planner(layout, "upsert", tables, first_bit=len(main.checks), alias="np")
        self.contradictions = [change_fault(column) for column in main.layout.companion_columns]
        self.first_bit = self.planner.first_bit + len(self.planner.checks)

    @property
    def checks(self) -> list[Check]:
        """The checks whose bits this adds to the main plan's flags."""
        return [*self.planner.checks, *self._later_checks()]

    def _later_checks(self) -> list[Check]:
        key = f"c_{self.key.column_name}"
        first = f"(SELECT n.c_{{0}} FROM {self.tables.stage} n WHERE n.{key} = s.{key})"
        columns = self.main.layout.companion_columns
        return [
            Check(
                check.code,
                check.places,
                is_warning=check.is_warning,
                other=first.format(column.column_name),
            )
            for check, column in zip(self.contradictions, columns, strict=True)
        ]

    def plan(self, cursor: CursorWrapper) -> None:
        """Stage and plan the newcomers, then tell the main plan what is wrong with them."""
        self._stage(cursor)
        self.planner.create(cursor)
        self._tell(cursor)

    def _stage(self, cursor: CursorWrapper) -> None:
        stage, plan, key = self.main.tables.stage, self.main.tables.plan, self.key.column_name
        names = [column.column_name for column in self.planner.layout.columns]
        columns = ", ".join(f"s.c_{name}" for name in [*names, *self.derived])
        cursor.execute(f"""
            {self.main.layout.dialect.create_table} {self.tables.stage} AS
            SELECT s.row_no, s.line_no, s.is_bad, {columns} FROM {stage} s WHERE s.row_no IN (
                SELECT MIN(p.row_no) AS row_no FROM {plan} p JOIN {stage} k ON k.row_no = p.row_no
                WHERE p.state <> 'r' AND p.fk_{self.reference.field.name} IS NULL
                GROUP BY k.c_{key})""")

    def _tell(self, cursor: CursorWrapper) -> None:
        main, plan = self.main, self.main.tables.plan
        terms = ["CASE WHEN np.state = 'r' THEN np.flags ELSE 0 END"]
        for index, column in enumerate(main.layout.companion_columns):
            given, first = f"s.c_{column.column_name}", f"n.c_{column.column_name}"
            bit = 1 << (self.first_bit + index)
            terms.append(
                f"CASE WHEN {given} <> '' AND {first} <> '' AND {given} <> {first} THEN {bit} "
                f"ELSE 0 END"
            )
        refusing = sum(
            1 << (self.first_bit + n)
            for n, check in enumerate(self.contradictions)
            if not check.is_warning
        )
        refusing += self.planner.error_mask
        key = self.key.column_name
        cursor.execute(f"""
            UPDATE {plan} SET flags = {plan}.flags + x.bits - CASE WHEN x.bits & {refusing} <> 0
                    THEN {plan}.flags & {main.bit(main.repeat)} ELSE 0 END,
                state = CASE WHEN x.bits & {refusing} <> 0 THEN 'r' ELSE {plan}.state END
            FROM (SELECT s.row_no, {" + ".join(terms)} AS bits FROM {main.tables.stage} s
                  JOIN {self.tables.stage} n ON n.c_{key} = s.c_{key}
                  JOIN {self.tables.plan} np ON np.row_no = n.row_no) x
            WHERE x.row_no = {plan}.row_no AND x.bits <> 0 AND {plan}.state <> 'r'""")

    @property
    def sole_joins(self) -> str:
        """SQL: the records that already have a value a newcomer would need alone."""
        return self.planner.layout.sole_joins

    @property
    def link(self) -> str:
        """SQL: join each staged row `s` of the main kind to its newcomer's plan `np`."""
        key = self.key.column_name
        return (
            f"LEFT JOIN {self.tables.stage} n ON n.c_{key} = s.c_{key} "
            f"LEFT JOIN {self.tables.plan} np ON np.row_no = n.row_no"
        )


def newcomer_of(reference: Reference, newcomers: "Newcomers | None") -> str:
    """SQL: the id a reference has after the import, a newcomer's included."""
    known = f"p.fk_{reference.field.name}"
    is_new = newcomers and newcomers.reference == reference
    return f"coalesce({known}, np.new_id)" if is_new else known
