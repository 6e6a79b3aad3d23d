"""The plan table: what an import would do with every staged row, computed in one statement.

It judges each row by itself; `duplicates.py` compares the rows of one file with each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.conditions import Sql
from backoffice.bulk.plan.checks import RETURNS, all_checks
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
    RETURNED = "b"  # of the updated ones, who had left and is back


@dataclass(frozen=True)
class Tables:
    """The names of one batch's tables: the staged rows and the plan made of them."""

    stage: str
    plan: str


class Planner:
    """Makes the plan of one layout in one pair of tables."""

    def __init__(
        self, layout: Layout, mode: str, tables: Tables, staged: tuple[str, ...] = ()
    ) -> None:
        self.layout, self.tables = layout, tables
        self.bits = {name: bit_of(index) for index, name in enumerate(staged)}
        self.checks: list[Check] = all_checks(layout, mode)

    @property
    def reported_row(self) -> str:
        """SQL: the number of the row in the file."""
        return "p.row_no"

    def bit(self, check: Check) -> int:
        return 1 << self.checks.index(check)

    @property
    def error_mask(self) -> int:
        """The bits of the checks that refuse a row."""
        return sum(self.bit(check) for check in self.checks if not check.is_warning)

    @property
    def returned(self) -> str:
        """SQL: the rows `p` of the plan by which somebody is back; blank where none can be."""
        check = next((each for each in self.checks if each.code == RETURNS), None)
        if check is None:
            return ""
        status = next(c for c in self.layout.written if c.attribute == check.column)
        stays = self.layout.is_preserved(status)
        return f"p.state = 'u' AND p.flags & {self.bit(check)} <> 0 AND NOT ({stays})"

    def create(self, cursor: CursorWrapper) -> None:
        inner, params = self._inner()
        select = (self._outer(inner), params)
        self.layout.dialect.create_filled(cursor, self.tables.plan, self._columns(), select)

    def holds(self, rows: int | None = None) -> Sql:
        """SQL: whether the plan of an earlier transaction, with so many rows, would be made now."""
        inner, params = self._inner()
        names = ["target_id", "before", "flags", *self._reference_types()]
        tests = [self.layout.dialect.differs(f"q.{name}", f"p.{name}") for name in names]
        tests.append(self.layout.dialect.has_stale_ids(self.layout.table, self.tables.plan))
        plan = self.tables.plan
        # A crash of the database empties unlogged tables, and an empty plan always holds.
        count = f"(SELECT count(*) FROM {plan}) = {rows} AND " if rows is not None else ""
        changed = f"({inner}) q JOIN {plan} p ON p.row_no = q.row_no WHERE {' OR '.join(tests)}"
        return f"({count}NOT EXISTS (SELECT 1 FROM {changed}))", params

    def _inner(self) -> Sql:
        layout = self.layout
        flags, params = self._flags()
        keys = "".join(f", {each.alias}.id AS fk_{each.field.name}" for each in layout.references)
        differs = layout.differs()
        sql = f"""
            SELECT s.row_no, s.line_no, s.bad, t.id AS target_id{keys},
                {flags} AS flags, {differs} AS differs,
                CASE WHEN {differs} THEN {layout.before()} END AS before
            FROM {self.tables.stage} s {layout.joins}"""
        return sql, params

    def _flags(self) -> Sql:
        terms = ["0"]
        params: list[object] = []
        for check in self.checks:
            condition = f"{self._only(check)}({check.condition[0]})"
            terms.append(f"CASE WHEN {condition} THEN {self.bit(check)} ELSE 0 END")
            params += check.condition[1]
        return f"CAST({' + '.join(terms)} AS bigint)", tuple(params)

    def _only(self, check: Check) -> str:
        """SQL: the cells that a check reads were not refused."""
        if check.is_warning:
            return "s.bad = 0 AND "
        # A refused cell is staged as blank: a check would judge what nobody wrote.
        mask = sum({self.bits.get(name, 0) for name in check.reads})
        return f"s.bad & {mask} = 0 AND " if mask else ""

    def _columns(self) -> dict[str, str]:
        """The plan's columns with their types, in the order of the query in `_outer`."""
        return {
            "row_no": "integer",
            "line_no": "integer",
            "target_id": "bigint",
            **self._reference_types(),
            "before": "text",  # what a row that would change has now
            "flags": "bigint",  # a bit for each check that found something
            "preserved": "bigint",  # a bit for each value that stays, see `local_edits.py`
            "over_limit": "integer",  # 1 for a row beyond a limit, see `capacity.py`
            "state": "text",  # see RowState
            "new_id": "bigint",
        }

    def _reference_types(self) -> dict[str, str]:
        return {f"fk_{each.field.name}": "bigint" for each in self.layout.references}

    def _outer(self, inner: str) -> str:
        """SQL: the rows of the plan; each row to be created gets a fresh primary key."""
        dialect = self.layout.dialect
        new_id, fence = dialect.new_id(self.layout.table), dialect.fence
        keys = "".join(f", q.{name}" for name in self._reference_types())
        return f"""
            SELECT z.*, CASE WHEN z.state = 'c' THEN CAST({new_id} AS bigint) END AS new_id FROM (
              SELECT q.row_no, q.line_no, q.target_id{keys}, q.before, q.flags,
                CAST(0 AS bigint) AS preserved, CAST(0 AS integer) AS over_limit,
                CASE WHEN q.bad <> 0 OR q.flags & {self.error_mask} <> 0 THEN 'r'
                  WHEN q.target_id IS NULL THEN 'c' WHEN q.differs THEN 'u' ELSE 'e' END AS state
              FROM ({inner}{fence}) q) z"""
