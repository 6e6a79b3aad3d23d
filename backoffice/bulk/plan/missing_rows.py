"""Sync mode: stored rows that the file should have and does not, and what they become.

Nobody leaves whose state a person entered since the last import (see `local_edits.py`).
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.bulk.kinds.column import field_at
from backoffice.bulk.kinds.conditions import literal
from backoffice.bulk.kinds.resource import MissingRowsPolicy
from backoffice.bulk.kinds.sql_names import planned
from backoffice.bulk.plan.local_edits import Edits, preserved_edit_warning
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.read.value_mapping import EVERYBODY
from backoffice.bulk.values.faults import Fault, display_value


@dataclass(frozen=True)
class MissingRows:
    """The rows that leave: a table of their ids, their scopes and their present values."""

    planner: Planner
    policy: MissingRowsPolicy
    table: str
    released: tuple[str, ...] = ()
    # SQL, each a query for members who do not leave, though no row names them.
    spared: tuple[str, ...] = ()

    def plan(self, cursor: CursorWrapper, staging_file: StagingFile) -> dict[str, int]:
        """Make the table and report who stays and why; how many local edits do, by column."""
        columns = {"target_id": "bigint", "scope_id": "bigint", "before": "text"}
        dialect, plan = self.planner.layout.dialect, self.planner.tables.plan
        dialect.create_filled(cursor, self.table, columns, (self._withdrawn_rows(), ()))
        cursor.execute(f"SELECT 1 FROM {plan} p WHERE {self._unsafe()} LIMIT 1")
        if cursor.fetchone():
            template = _(
                "nobody was withdrawn from courses with wrong rows that name no known student. "
                "Correct these rows, and bring the whole file in again."
            )
            staging_file.add_fault(Fault("nobody_left", template, is_warning=True), 1, 0, "", "")
        return self._report_preserved(cursor, staging_file)

    def still_holds(self, cursor: CursorWrapper) -> bool:
        """Whether the same rows would leave now."""
        then = f"SELECT target_id, scope_id, before FROM {self.table}"
        now = self._withdrawn_rows()
        # Each in a query of its own: SQLite takes no brackets around a part of a compound one.
        more = f"SELECT * FROM ({then}) a EXCEPT SELECT * FROM ({now}) b"
        fewer = f"SELECT * FROM ({now}) a EXCEPT SELECT * FROM ({then}) b"
        both = f"SELECT 1 FROM ({more}) c UNION ALL SELECT 1 FROM ({fewer}) d"
        cursor.execute(f"{both} LIMIT 1")
        return cursor.fetchone() is None

    @property
    def ids(self) -> str:
        """SQL: the keys of the rows."""
        return f"SELECT target_id FROM {self.table}"

    def digest(self) -> str:
        """SQL: one row of a summary, with a number that stands for all of them."""
        text = "target_id || ':' || before"
        sum_of = self.planner.layout.dialect.outcome_hash(text)
        return f"SELECT 9 AS plan, 'w' AS state, count(*), {sum_of}, 0 FROM {self.table}"

    def _withdrawn_rows(self) -> str:
        """SQL: the rows that are missing, without those that a person edited since."""
        return (
            f"{self._owned()} SELECT * FROM missing "
            "WHERE target_id NOT IN (SELECT target_id FROM owned)"
        )

    def _owned(self) -> str:
        """SQL: common tables `missing`, and `owned` with a 1 for every field a person entered."""
        layout, edits = self.planner.layout, Edits(self.planner.layout)
        owned = {name: edits.owned(name) for name in self._ownable()}
        flags = "".join(
            f", CASE WHEN {each} THEN 1 ELSE 0 END AS has_{name}" for name, each in owned.items()
        )
        return f"""
            WITH missing AS MATERIALIZED ({self._missing()}),
            edited AS MATERIALIZED (
              SELECT m.target_id FROM missing m WHERE {edits.may_own("m.target_id")}),
            owned AS MATERIALIZED (
              SELECT t.id AS target_id{flags} FROM edited e
              JOIN {layout.table} t ON t.id = e.target_id
              WHERE {" OR ".join(owned.values()) or "1=0"})"""

    def _ownable(self) -> list[str]:
        """The fields that leaving changes and that are not released."""
        return [name for name in self.policy.changes if name not in self.released]

    def _report_preserved(self, cursor: CursorWrapper, staging_file: StagingFile) -> dict[str, int]:
        names, counts = self._ownable(), Counter[str]()
        template = _(
            "“{value}” is missing from the file and is not withdrawn: {column} {other} was entered "
            "by hand since the last import. Release the column to withdraw them."
        )
        cursor.execute(f"{self._owned()} SELECT * FROM owned ORDER BY target_id")
        flags_by_id = {key: flags for key, *flags in cursor.fetchall()}
        rows = self.planner.layout.model._base_manager.filter(pk__in=flags_by_id).order_by("pk")
        for row in rows.select_related(self.policy.scope, self.policy.member):
            for name in itertools.compress(names, flags_by_id[row.pk]):
                counts[name] += 1
                fault = preserved_edit_warning(template, display_value(getattr(row, name)))
                staging_file.add_fault(fault, 1, 0, name, str(row))
        return dict(counts)

    def _missing(self) -> str:
        """SQL: the rows of the file's scopes that no row of the file names."""
        model, plan, unsafe = self.planner.layout.model, self.planner.tables.plan, self._unsafe()
        scope = field_at(model, self.policy.scope).column
        member = field_at(model, self.policy.member).column
        by_scope, by_member = f"fk_{self.policy.scope}", f"fk_{self.policy.member}"
        before = " || '¦' || ".join(
            f"coalesce(cast(t.{name} AS text), '∅')" for name in self.policy.changes
        )
        spared = "".join(f" AND t.{member} NOT IN ({query})" for query in self.spared)
        # Nobody leaves because of a wrong row: where a refused one names no known member, its
        # course keeps everybody; where it names no known course either, all courses do.
        return f"""
            SELECT t.id AS target_id, t.{scope} AS scope_id, {before} AS before
            FROM {self.planner.layout.table} t
            WHERE t.{scope} IN (SELECT {by_scope} FROM {plan} WHERE {by_scope} IS NOT NULL)
              AND {self.policy.leaves}
              AND NOT EXISTS (SELECT 1 FROM {plan} p
                WHERE p.{by_scope} = t.{scope} AND p.{by_member} = t.{member})
              AND t.{scope} NOT IN (SELECT p.{by_scope} FROM {plan} p
                WHERE {unsafe} AND p.{by_scope} IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM {plan} p WHERE {unsafe} AND p.{by_scope} IS NULL)
              {spared}"""

    @staticmethod
    def members_named(planner: Planner, policy: MissingRowsPolicy, names: Sequence[str]) -> str:
        """SQL: the members of these names, or everybody."""
        reference = next(r for r in planner.layout.references if r.field.name == policy.member)
        if EVERYBODY in names:
            return f"SELECT x.id FROM {reference.table} x"
        # A sign of SQL's own stands in no name of a student.
        listed = ", ".join(literal(name) for name in names if "%" not in name)
        target, _column = reference.parts[0]
        return f"SELECT x.id FROM {reference.table} x WHERE x.{target} IN ({listed or 'NULL'})"

    def _unsafe(self) -> str:
        scope, member = planned(self.policy.scope), planned(self.policy.member)
        # What is refused for want of room was read as it should be.
        return f"p.state = 'r' AND p.over_limit = 0 AND ({scope} IS NULL OR {member} IS NULL)"
