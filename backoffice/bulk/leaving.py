"""Sync mode: rows of what the file speaks of that are missing from it, and what they become.

Nobody leaves because of a wrong row: where a refused row names no known member, its course keeps
everybody, and where it names no known course either, all courses do.
"""

from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.bulk.faults import Fault
from backoffice.bulk.planning import Planner
from backoffice.bulk.reading import Spool
from backoffice.bulk.resources import Leaving

UNSAFE = "p.state = 'r' AND (p.{scope} IS NULL OR p.{member} IS NULL)"


@dataclass(frozen=True)
class Leavers:
    """The rows that leave: a table of their ids, their scope and what they are now."""

    planner: Planner
    leaving: Leaving
    table: str

    def plan(self, cursor: CursorWrapper, spool: Spool) -> None:
        """Make the table, and tell where somebody stays because of a wrong row."""
        columns = {"target_id": "bigint", "scope_id": "bigint", "before": "text"}
        self.planner.layout.dialect.create_filled(cursor, self.table, columns, (self._found(), ()))
        if self._is_unsafe(cursor):
            sentence = _(
                "nobody was withdrawn from courses with wrong rows that name no known student. "
                "Correct these rows, and bring the whole file in again."
            )
            spool.tell(Fault("nobody_left", sentence, is_warning=True), 1, 0, "", "")

    def still_holds(self, cursor: CursorWrapper) -> bool:
        """Whether the same rows would leave now."""
        planned, now = f"SELECT target_id, scope_id, before FROM {self.table}", self._found()
        # Each in a query of its own: SQLite takes no brackets around a part of a compound one.
        more = f"SELECT * FROM ({planned}) a EXCEPT SELECT * FROM ({now}) b"
        fewer = f"SELECT * FROM ({now}) a EXCEPT SELECT * FROM ({planned}) b"
        both = f"SELECT 1 FROM ({more}) c UNION ALL SELECT 1 FROM ({fewer}) d"
        cursor.execute(f"{both} LIMIT 1")
        return cursor.fetchone() is None

    @property
    def ids(self) -> str:
        """SQL: the keys of the rows."""
        return f"SELECT target_id FROM {self.table}"

    def digest(self) -> str:
        """SQL: one row that stands for all of them."""
        text = "target_id || ':' || before"
        sum_of = self.planner.layout.dialect.outcome_hash(text)
        return f"SELECT 9 AS plan, 'w' AS state, count(*), {sum_of}, 0 FROM {self.table}"

    def _columns(self) -> tuple[str, str]:
        meta = self.planner.layout.model._meta
        leaving = self.leaving
        return meta.get_field(leaving.scope).column, meta.get_field(leaving.member).column

    def _found(self) -> str:
        """SQL: the rows of the file's scopes that no row of the file names."""
        scope, member = self._columns()
        plan, kept = self.planner.tables.plan, self._unsafe()
        by_scope, by_member = f"fk_{self.leaving.scope}", f"fk_{self.leaving.member}"
        before = " || '¦' || ".join(
            f"coalesce(cast(t.{name} AS text), '∅')" for name in self.leaving.changes
        )
        return f"""
            SELECT t.id AS target_id, t.{scope} AS scope_id, {before} AS before
            FROM {self.planner.layout.table} t
            WHERE t.{scope} IN (SELECT {by_scope} FROM {plan} WHERE {by_scope} IS NOT NULL)
              AND {self.leaving.leaves}
              AND NOT EXISTS (SELECT 1 FROM {plan} p
                WHERE p.{by_scope} = t.{scope} AND p.{by_member} = t.{member})
              AND t.{scope} NOT IN (SELECT p.{by_scope} FROM {plan} p
                WHERE {kept} AND p.{by_scope} IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM {plan} p WHERE {kept} AND p.{by_scope} IS NULL)"""

    def _unsafe(self) -> str:
        names = {"scope": f"fk_{self.leaving.scope}", "member": f"fk_{self.leaving.member}"}
        return UNSAFE.format(**names)

    def _is_unsafe(self, cursor: CursorWrapper) -> bool:
        plan = self.planner.tables.plan
        cursor.execute(f"SELECT 1 FROM {plan} p WHERE {self._unsafe()} LIMIT 1")
        return cursor.fetchone() is not None
