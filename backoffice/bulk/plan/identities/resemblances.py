"""Whom the rows of a whole roster resemble: nobody leaves because a name lost its form.

A row that names nobody, or a near double, means the person it resembles, and nobody else.
"""

from dataclasses import dataclass

from backoffice.admin_site.models.folded_identity import folded_identity_sql
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.plan.identities.near_doubles import IdentityColumn
from backoffice.bulk.plan.planner import Tables


@dataclass(frozen=True)
class Resemblances:
    """SQL about the members of a roster, beside the rows `missing` from it."""

    named: IdentityColumn
    tables: Tables
    scope: str  # the column of the plan with the key of the course
    others: str = ""  # SQL: `scope_id` and `member_id` of what stands in the files beside it

    @property
    def _unknown(self) -> str:
        plan, stage, named = self.tables.plan, self.tables.stage, self.named
        return (
            f"FROM {plan} p JOIN {stage} s ON s.row_no = p.row_no "
            f"WHERE p.{named.plan_key} IS NULL AND {cell(named.name)} IS NOT NULL"
        )

    def rows(self) -> str:
        """SQL: the numbers of refused rows that resemble somebody."""
        return f"SELECT p.row_no {self._unknown} AND p.state = 'r' AND {self.named.resembles}"

    def common_tables(self) -> str:
        """SQL: further common tables, the last one `resembled`: the missing rows that stay."""
        named, target = self.named, self.named.identity.field
        folded, former = folded_identity_sql(f"x.{target}"), folded_identity_sql(f"f.{target}")
        tests = ["m.folded IN (SELECT folded FROM strangers)", f"{self._twin('count(*)')} > 0"]
        if named.former_table:
            tests.append(
                f"(SELECT count(*) FROM {named.former_table} f "
                f"WHERE f.{named.former_owner} = m.member_id "
                f"AND {former} IN (SELECT folded FROM strangers)) > 0"
            )
        return f"""
            , strangers AS MATERIALIZED (
              SELECT {cell(named.name)} AS name, {named.folded} AS folded {self._unknown}),
            members AS MATERIALIZED (
              SELECT m.target_id, m.scope_id, m.member_id,
                (SELECT {folded} FROM {named.table} x WHERE x.id = m.member_id) AS folded
              FROM missing m),
            resembled AS MATERIALIZED (SELECT m.* FROM members m WHERE {" OR ".join(tests)})"""

    def names(self) -> str:
        """SQL, beside these tables: each such row, with the name in the file."""
        named, target = self.named, self.named.identity.field
        names = ["(SELECT min(g.name) FROM strangers g WHERE g.folded = m.folded)"]
        names.append(self._twin(f"min(x.{target})"))
        if named.former_table:
            former = folded_identity_sql(f"f.{target}")
            names.append(
                f"(SELECT min((SELECT min(g.name) FROM strangers g WHERE g.folded = {former})) "
                f"FROM {named.former_table} f WHERE f.{named.former_owner} = m.member_id)"
            )
        return f"SELECT m.target_id, coalesce({', '.join(names)}) FROM resembled m"

    def _twin(self, what: str) -> str:
        """SQL: of others who stand in the file, in the same course, and resemble the member."""
        named, plan = self.named, self.tables.plan
        folded = folded_identity_sql(f"x.{named.identity.field}")
        in_file = (
            f"(SELECT count(*) FROM {plan} p WHERE p.{named.plan_key} = x.id "
            f"AND p.{self.scope} = m.scope_id)"
        )
        if self.others:
            in_file += (
                f" + (SELECT count(*) FROM ({self.others}) o WHERE o.member_id = x.id "
                "AND o.scope_id = m.scope_id)"
            )
        return (
            f"(SELECT {what} FROM {named.table} x WHERE {folded} = m.folded "
            f"AND x.id <> m.member_id AND {in_file} > 0)"
        )
