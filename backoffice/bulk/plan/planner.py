"""The plan: what an import would do with every staged row, computed in one statement.

A plan is a table beside the staged rows: `state` (a letter, see RowState), `flags` (a bit for each
check that found something), the existing row's id, the ids of the referred rows, and, for rows that
would change, the values they have now and a bit for each that stays (see `local_edits.py`). It
looks at each row by itself; what rows of one file mean for each other is `duplicates.py`'s.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.conditions import Sql
from backoffice.bulk.plan.checks import all_checks
from backoffice.bulk.read.row_cleaner import bit_of
from backoffice.bulk.sql.layout import Layout


class RowState(StrEnum):
    """What happens to a row."""

    CREATED = "c"
    UPDATED = "u"
    UNCHANGED = "e"
    REJECTED = "r"
    DUPLICATE = "d"
    WITHDRAWN = "w"  # not of the file: missing from it


@dataclass(frozen=True)
class Tables:
    """The names of one batch's tables: the staged rows and the plan made of them."""

    stage: str
    plan: str


class Planner:
    """Builds the plan of one layout over one pair of tables."""

    def __init__(
        self, layout: Layout, mode: str, tables: Tables, staged: tuple[str, ...] = ()
    ) -> None:
        self.layout, self.tables = layout, tables
        self.bits = {name: bit_of(index) for index, name in enumerate(staged)}
        self.checks: list[Check] = all_checks(layout, mode)

    @property
    def reported_row(self) -> str:
        """SQL: the number of the row of the file."""
        return "p.row_no"

    def bit(self, check: Check) -> int:
        """The bit of the flags that stands for a check."""
        return 1 << self.checks.index(check)

    @property
    def error_mask(self) -> int:
        """The bits that refuse a row."""
        return sum(self.bit(check) for check in self.checks if not check.is_warning)

    def create(self, cursor: CursorWrapper) -> None:
        """Make the plan table; each row to be created gets a fresh primary key."""
        inner, params = self._inner()
        select = (self._outer(inner), params)
        self.layout.dialect.create_filled(cursor, self.tables.plan, self._columns(), select)

    def still_holds(self, cursor: CursorWrapper, rows: int | None = None) -> bool:
        """Whether the plan, made in an earlier transaction, is what would be planned now.

        Where `rows` are given, it has so many, too.
        """
        inner, params = self._inner()
        facts = [
            "target_id",
            "before",
            "flags",
            *(f"fk_{each.field.name}" for each in self.layout.references),
        ]
        differs = self.layout.dialect.differs
        tests = [differs(f"q.{fact}", f"p.{fact}") for fact in facts]
        tests.append(self.layout.dialect.has_stale_ids(self.layout.table, self.tables.plan))
        plan = self.tables.plan
        count = f"(SELECT count(*) FROM {plan}) = {rows} AND " if rows is not None else ""
        cursor.execute(
            f"SELECT {count}NOT EXISTS (SELECT 1 FROM ({inner}) q JOIN {plan} p "
            f"ON p.row_no = q.row_no WHERE {' OR '.join(tests)})",
            params,
        )
        return bool(cursor.fetchone()[0])

    def _inner(self) -> Sql:
        layout = self.layout
        flags, params = self._flags()
        references = "".join(
            f", {each.alias}.id AS fk_{each.field.name}" for each in layout.references
        )
        differs = layout.differs()
        sql = f"""
            SELECT s.row_no, s.line_no, s.bad, t.id AS target_id{references},
                {flags} AS flags, {differs} AS differs,
                CASE WHEN {differs} THEN {layout.before()} END AS before
            FROM {self.tables.stage} s {layout.joins}"""
        return sql, params

    def _flags(self) -> Sql:
        terms: list[str] = ["0"]
        params: list[object] = []
        for check in self.checks:
            terms.append(
                f"CASE WHEN {self._only(check)}({check.condition[0]}) THEN {self.bit(check)} "
                "ELSE 0 END"
            )
            params.extend(check.condition[1])
        return "CAST(" + " + ".join(terms) + " AS bigint)", tuple(params)

    def _only(self, check: Check) -> str:
        """SQL: the cells a check reads were not refused; they are staged as blank."""
        if check.is_warning:
            return "s.bad = 0 AND "
        mask = sum({self.bits.get(name, 0) for name in check.reads})
        return f"s.bad & {mask} = 0 AND " if mask else ""

    def _columns(self) -> dict[str, str]:
        """The plan's columns with their types, in the order in which `_outer` finds them."""
        references = {f"fk_{each.field.name}": "bigint" for each in self.layout.references}
        return {
            "row_no": "integer",
            "line_no": "integer",
            "target_id": "bigint",
            **references,
            "before": "text",
            "flags": "bigint",
            "preserved": "bigint",
            "state": "text",
            "new_id": "bigint",
        }

    def _outer(self, inner: str) -> str:
        dialect = self.layout.dialect
        new_id, fence = dialect.new_id(self.layout.table), dialect.fence
        references = "".join(f", q.fk_{each.field.name}" for each in self.layout.references)
        return f"""
            SELECT z.*, CASE WHEN z.state = 'c' THEN CAST({new_id} AS bigint) END AS new_id FROM (
              SELECT q.row_no, q.line_no, q.target_id{references}, q.before, q.flags,
                CAST(0 AS bigint) AS preserved,
                CASE WHEN q.bad <> 0 OR q.flags & {self.error_mask} <> 0 THEN 'r'
                  WHEN q.target_id IS NULL THEN 'c' WHEN q.differs THEN 'u' ELSE 'e' END AS state
              FROM ({inner}{fence}) q) z"""
