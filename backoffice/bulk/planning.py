"""The plan: what an import would do with every staged row, computed in one statement.

A plan is a table beside the staged rows: `state` (one letter, see State), `flags` (a bit for each
check that found something), the existing row's id, the ids of the referred rows, the first row of
the file with the same key, and, for rows that would change, the values they have now.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.checks import (
    Check,
    all_checks,
    conflict_check,
    repeat_check,
    taken_code,
    taken_places,
)
from backoffice.bulk.columns import Column
from backoffice.bulk.conditions import Sql
from backoffice.bulk.layout import Layout, unique_fields


class State(StrEnum):
    """What happens to a row."""

    CREATED = "c"
    UPDATED = "u"
    UNCHANGED = "e"
    REJECTED = "r"
    DUPLICATE = "d"


@dataclass(frozen=True)
class Tables:
    """The names of one batch's tables: the staged rows and the plan made of them."""

    stage: str
    plan: str


@dataclass(frozen=True)
class OnceInFile:
    """A value only one record may have, looked at between the records of the file."""

    column: Column
    code: str


class Planner:
    """Builds the plan of one layout over one pair of tables."""

    def __init__(
        self, layout: Layout, mode: str, tables: Tables, first_bit: int = 0, alias: str = "p"
    ) -> None:
        self.layout, self.tables = layout, tables
        self.first_bit, self.alias = first_bit, alias
        self.row_checks = all_checks(layout, mode)
        self.conflict, self.repeat = conflict_check(layout), repeat_check(layout)
        self.once = self._once_in_file()
        self.once_checks = [self._once_check(index, once) for index, once in enumerate(self.once)]
        self.checks: list[Check] = [*self.row_checks, self.conflict, self.repeat, *self.once_checks]

    def bit(self, check: Check) -> int:
        """The bit of the flags that stands for a check."""
        return 1 << (self.checks.index(check) + self.first_bit)

    @property
    def error_mask(self) -> int:
        """The bits that refuse a row."""
        return sum(self.bit(check) for check in self.checks if not check.is_warning)

    def _once_in_file(self) -> list[OnceInFile]:
        by_name = {
            column.attribute: column
            for column in self.layout.columns
            if column not in self.layout.key
        }
        return [
            OnceInFile(by_name[field.name], taken_code(field))
            for field, _condition in unique_fields(self.layout.model)
            if field.name in by_name
        ]

    def _once_check(self, index: int, once: OnceInFile) -> Check:
        key = self.layout.key[0]
        first = f"{self.alias}.first_u{index}"
        stage = self.tables.stage
        other = f"(SELECT k.c_{key.column_name} FROM {stage} k WHERE k.row_no = {first})"
        places = taken_places(once.column, key, is_beside=self.layout.is_all_new)
        return Check(once.code, places, other=other)

    def create(self, cursor: CursorWrapper) -> None:
        """Make the plan table; each row to be created gets a fresh primary key."""
        inner, params = self._inner()
        create = self.layout.dialect.create_table
        cursor.execute(f"{create} {self.tables.plan} AS {self._outer(inner)}", params)
        if not self.layout.is_all_new:
            self._tell_repeats(cursor)

    def still_holds(self, cursor: CursorWrapper) -> bool:
        """Whether the plan, made in an earlier transaction, is what would be planned now."""
        inner, params = self._inner()
        facts = [
            "target_id",
            "before",
            *(f"fk_{each.field.name}" for each in self.layout.references),
        ]
        differs = self.layout.dialect.differs
        tests = [differs(f"q.{fact}", f"p.{fact}") for fact in facts]
        own_bits = sum(self.bit(check) for check in self.row_checks)
        tests.append(f"p.flags & {own_bits} <> q.flags")
        tests.append(self.layout.dialect.has_stale_ids(self.layout.table, self.tables.plan))
        cursor.execute(
            f"SELECT 1 FROM ({inner}) q JOIN {self.tables.plan} p ON p.row_no = q.row_no "
            f"WHERE {' OR '.join(tests)} LIMIT 1",
            params,
        )
        return cursor.fetchone() is None

    def _inner(self) -> Sql:
        layout = self.layout
        flags, params = self._flags()
        references = "".join(
            f", {each.alias}.id AS fk_{each.field.name}" for each in layout.references
        )
        keys = "".join(f", s.c_{column.column_name} AS k{n}" for n, column in enumerate(layout.key))
        once = "".join(
            f", CASE WHEN s.c_{each.column.column_name} <> '' THEN "
            f"s.c_{each.column.column_name} END AS u{n}"
            for n, each in enumerate(self.once)
        )
        differs = layout.differs()
        sql = f"""
            SELECT s.row_no, s.line_no, s.is_bad, t.id AS target_id{references}{keys}{once},
                {flags} AS flags, {differs} AS differs,
                CASE WHEN {differs} THEN {layout.before()} END AS before
            FROM {self.tables.stage} s {layout.joins}"""
        return sql, params

    def _flags(self) -> Sql:
        terms, params = ["0"], []
        for check in self.row_checks:
            # A cell that was refused is staged as blank: nothing strange about that.
            only = "NOT s.is_bad AND " if check.is_warning else ""
            terms.append(
                f"CASE WHEN {only}({check.condition[0]}) THEN {self.bit(check)} ELSE 0 END"
            )
            params.extend(check.condition[1])
        return "CAST(" + " + ".join(terms) + " AS bigint)", tuple(params)

    def _outer(self, inner: str) -> str:
        taken = [f"y.first_u{n} <> y.row_no" for n in range(len(self.once))]
        state = f"""CASE WHEN NOT {self._good} THEN 'r'
            WHEN y.first_row <> y.row_no THEN 'd' WHEN {" OR ".join(taken) or "1=0"} THEN 'r'
            WHEN y.target_id IS NULL THEN 'c' WHEN y.differs THEN 'u' ELSE 'e' END"""
        flags = "".join(
            f" + CASE WHEN y.first_row = y.row_no AND {sql} THEN {self.bit(check)} ELSE 0 END"
            for sql, check in zip(taken, self.once_checks, strict=True)
        )
        new_id = self.layout.dialect.new_id(self.layout.table)
        references = "".join(f", y.fk_{each.field.name}" for each in self.layout.references)
        once = "".join(f", y.first_u{n}" for n in range(len(self.once)))
        repeats, firsts, joins = self._repeats()
        return f"""
            WITH q AS MATERIALIZED ({inner}){repeats}
            SELECT z.*, CASE WHEN z.state = 'c' THEN CAST({new_id} AS bigint) END AS new_id FROM (
              SELECT y.row_no, y.line_no, y.target_id{references}{once}, y.first_row, y.before,
                y.flags{flags} AS flags, {state} AS state
              FROM (SELECT q.*{firsts} FROM q {joins}) y) z"""

    @property
    def _good(self) -> str:
        """SQL: nothing in the row itself refuses it."""
        return f"(NOT is_bad AND flags & {self.error_mask} = 0)"

    def _repeats(self) -> tuple[str, str, str]:
        """SQL: for keys and values that stand more than once, the first good row that has them.

        Groups instead of windows: a file repeats little, and a window sorts every row.
        """
        groups = {"first_row": [f"k{n}" for n in range(len(self.layout.key))]}
        groups |= {f"first_u{n}": [f"u{n}"] for n in range(len(self.once))}
        tables = firsts = joins = ""
        for name, columns in groups.items():
            listed, given = ", ".join(columns), " AND ".join(f"{c} IS NOT NULL" for c in columns)
            tables += f""", {name}_of AS (
                SELECT {listed}, MIN(CASE WHEN {self._good} THEN row_no END) AS row_no
                FROM q WHERE {given} GROUP BY {listed} HAVING count(*) > 1)"""
            firsts += f", coalesce({name}_of.row_no, q.row_no) AS {name}"
            match = " AND ".join(f"{name}_of.{column} = q.{column}" for column in columns)
            joins += f" LEFT JOIN {name}_of ON {match}"
        return tables, firsts, joins

    def _tell_repeats(self, cursor: CursorWrapper) -> None:
        """A repeated key with other values is refused; with the same values it is ignored."""
        plan, stage, layout = self.tables.plan, self.tables.stage, self.layout
        cursor.execute(f"SELECT 1 FROM {plan} WHERE state = 'd' LIMIT 1")
        if not cursor.fetchone():
            return
        tests = [
            layout.dialect.differs(f"a.c_{c.column_name}", f"b.c_{c.column_name}")
            for c in layout.own
        ]
        conflict = " OR ".join(tests) or "1=0"
        cursor.execute(f"""
            UPDATE {plan} SET
                state = CASE WHEN {conflict} THEN 'r' ELSE 'd' END,
                flags = {plan}.flags + CASE WHEN {conflict}
                    THEN {self.bit(self.conflict)} ELSE {self.bit(self.repeat)} END
            FROM {stage} a, {stage} b
            WHERE {plan}.state = 'd' AND a.row_no = {plan}.row_no
                AND b.row_no = {plan}.first_row""")
