"""Sync mode: stored rows that the file should have and does not, and what they become.

A roster speaks of the courses it names, and in them of students and of the sorts of people it has a
row of. All files of a delivery speak together. Nobody leaves whose state a person entered since the
last import (see `local_edits.py`).
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import models
from django.db.backends.utils import CursorWrapper
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.kinds.column import field_at, related_model
from backoffice.bulk.kinds.conditions import literal
from backoffice.bulk.kinds.resource import MissingRowsPolicy
from backoffice.bulk.kinds.sql_names import cell, planned
from backoffice.bulk.plan.identities.near_doubles import SIMILAR_MEMBER, identity_columns
from backoffice.bulk.plan.identities.resemblances import Resemblances
from backoffice.bulk.plan.local_edits import Edits, preserved_edit_warning
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.read.value_mapping import EVERYBODY
from backoffice.bulk.sql.references import Reference
from backoffice.bulk.values.faults import Fault, display_value

NOBODY_LEFT = "nobody_left"
MOST_NAMED = 3  # courses in a sentence


@dataclass(frozen=True)
class RestOfDelivery:
    """What the other files of a delivery mean for who is missing from this one."""

    files: int = 0  # others that carry rows of the kind, and are staged in `table`
    table: str = ""
    objection: str = ""  # why nobody may leave
    deferral: str = ""  # why nobody leaves by this file: a later one speaks for all


@dataclass(frozen=True)
class MissingRows:
    """The rows that leave: a table of their ids, their scopes and their present values."""

    planner: Planner
    policy: MissingRowsPolicy
    table: str
    released: tuple[str, ...] = ()
    rest: RestOfDelivery = RestOfDelivery()
    # SQL, each a query for members who do not leave, though no row names them.
    spared: tuple[str, ...] = ()

    @property
    def near(self) -> Resemblances | None:
        """Whom rows resemble that name somebody else, where members have near doubles."""
        for named in identity_columns(self.planner.layout):
            if named.plan_key == f"fk_{self.policy.member}":
                others = self._other_mentions() if self.rest.table else ""
                return Resemblances(named, self.planner.tables, f"fk_{self.policy.scope}", others)
        return None

    def plan(self, cursor: CursorWrapper, staging_file: StagingFile) -> dict[str, int]:
        """Make the table and report who stays and why; how many local edits do, by column."""
        columns = {"target_id": "bigint", "scope_id": "bigint", "before": "text"}
        dialect = self.planner.layout.dialect
        dialect.create_filled(cursor, self.table, columns, (self._withdrawn_rows(), ()))
        if self.rest.objection:
            self._report_nobody_left(staging_file, self.rest.objection)
        cursor.execute(f"SELECT 1 FROM ({self._mentions()}) p WHERE p.is_unsafe = 1 LIMIT 1")
        if cursor.fetchone():
            message = _(
                "nobody was withdrawn from courses with wrong rows that name no known student. "
                "Correct these rows, and bring the whole file in again."
            )
            self._report_nobody_left(staging_file, message)
        if self.near:
            self._report_resembled(cursor, staging_file)
        return self._report_preserved(cursor, staging_file)

    def _report_nobody_left(self, staging_file: StagingFile, message: str) -> None:
        template = message.replace("{", "{{").replace("}", "}}")
        staging_file.add_fault(Fault(NOBODY_LEFT, template, is_warning=True), 1, 0, "", "")

    def scope_sentence(self, cursor: CursorWrapper) -> str:
        """Of whom the file speaks, and what its silence means."""
        if self.rest.objection or self.rest.deferral:
            return capfirst(self.rest.objection or self.rest.deferral)
        places = self._places(cursor)
        if not places:
            return _("It names no course that exists, so nobody is withdrawn.")
        params = {"sorts": _(" or ").join(self._sorts_named(cursor)), "places": places}
        if self.rest.files:
            message = _(
                "All files of the delivery speak together of who is active as %(sorts)s in "
                "%(places)s: whoever of these is missing from all of them is withdrawn. Everybody "
                "else stays."
            )
        else:
            message = _(
                "The file speaks of who is active as %(sorts)s in %(places)s: whoever of these is "
                "missing from it is withdrawn. Everybody else stays."
            )
        return message % params

    def _places(self, cursor: CursorWrapper) -> str:
        """The courses in words, blank for none."""
        mentions = f"SELECT DISTINCT p.scope_id FROM ({self._mentions()}) p"
        cursor.execute(f"{mentions} WHERE p.scope_id IS NOT NULL ORDER BY 1")
        keys = [key for (key,) in cursor.fetchall()]
        if len(keys) > MOST_NAMED:
            return ngettext("%(count)d course", "%(count)d courses", len(keys)) % {
                "count": len(keys)
            }
        courses = related_model(self.planner.layout.model, self.policy.scope)._base_manager
        return ", ".join(map(str, courses.filter(pk__in=keys).order_by("pk")))

    def _sorts_named(self, cursor: CursorWrapper) -> list[str]:
        field = field_at(self.planner.layout.model, self.policy.sort)
        named = {self.policy.always}
        for query in self._sort_queries():
            cursor.execute(query)
            named.update(value for (value,) in cursor.fetchall())
        return [str(label) for value, label in field.flatchoices if value in named]

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
        """SQL: the missing rows, but for those a person edited since, and whom rows resemble."""
        resembled = "AND target_id NOT IN (SELECT target_id FROM resembled)" if self.near else ""
        return (
            f"{self._owned()} SELECT target_id, scope_id, before FROM missing "
            f"WHERE target_id NOT IN (SELECT target_id FROM owned) {resembled}"
        )

    def _owned(self) -> str:
        """SQL: common tables `missing`, `owned` with a 1 for every field a person entered, and, if
        there are near doubles, `resembled`.
        """
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
              WHERE {" OR ".join(owned.values()) or "1=0"})
              {self.near.common_tables() if self.near else ""}"""

    def _ownable(self) -> list[str]:
        """The fields that leaving changes and that are not released."""
        return [name for name in self.policy.changes if name not in self.released]

    def _report_resembled(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        assert self.near
        template = _(
            "“{value}” is missing from the file and is not withdrawn: the file has {other}, who is "
            "similar. Correct the file, or withdraw them on their page."
        )
        cursor.execute(f"{self._owned()} {self.near.names()}")
        names = dict(cursor.fetchall())
        rows = self.planner.layout.model._base_manager.filter(pk__in=names).order_by("pk")
        for row in rows.select_related(self.policy.scope, self.policy.member):
            fault = Fault(SIMILAR_MEMBER, template, is_warning=True, other=names[row.pk])
            staging_file.add_fault(fault, 1, 0, self.near.named.name, str(row))

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
        policy = self.policy
        scope, member = (self._field(name).column for name in (policy.scope, policy.member))
        before = " || '¦' || ".join(
            f"coalesce(cast(t.{name} AS text), '∅')" for name in policy.changes
        )
        mentions = f"SELECT p.scope_id FROM ({self._mentions()}) p WHERE"
        spared = "".join(f" AND t.{member} NOT IN ({query})" for query in self.spared)
        is_mute = bool(self.rest.objection or self.rest.deferral)
        # Nobody leaves because of a wrong row: where a refused one names no known member, its
        # course keeps everybody; where it names no known course either, all courses do.
        return f"""
            SELECT t.id AS target_id, t.{scope} AS scope_id, t.{member} AS member_id,
              {before} AS before
            FROM {self.planner.layout.table} t
            WHERE {"1=0" if is_mute else "1=1"}
              AND t.{scope} IN ({mentions} p.scope_id IS NOT NULL)
              AND {policy.leaves} AND ({" OR ".join(self._sorts())})
              AND NOT EXISTS (
                {mentions} p.scope_id = t.{scope} AND p.member_id = t.{member})
              AND t.{scope} NOT IN ({mentions} p.is_unsafe = 1 AND p.scope_id IS NOT NULL)
              AND NOT EXISTS ({mentions} p.is_unsafe = 1 AND p.scope_id IS NULL){spared}"""

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

    def _field(self, name: str) -> models.Field:
        return field_at(self.planner.layout.model, name)

    def _mentions(self) -> str:
        """SQL: whom the rows of the file, and of those beside it, name in which course.

        A row is unsafe that may mean anybody: it is refused, and names no known one.
        """
        scope, member = planned(self.policy.scope), planned(self.policy.member)
        # What is refused for want of room was read as it should be.
        is_unsafe = f"p.state = 'r' AND p.over_limit = 0 AND ({scope} IS NULL OR {member} IS NULL)"
        if self.near:
            is_unsafe += f" AND p.row_no NOT IN ({self.near.rows()})"
        own = (
            f"SELECT {scope} AS scope_id, {member} AS member_id, "
            f"CASE WHEN {is_unsafe} THEN 1 ELSE 0 END AS is_unsafe "
            f"FROM {self.planner.tables.plan} p"
        )
        return f"{own} UNION ALL {self._other_mentions()}" if self.rest.table else own

    def _other_mentions(self) -> str:
        references = list(self._references())
        names = ("scope_id", "member_id")
        keys = ", ".join(
            f"{each.alias}.id AS {name}" for each, name in zip(references, names, strict=True)
        )
        unknown = " OR ".join(f"{each.alias}.id IS NULL" for each in references)
        joins = " ".join(each.join for each in references)
        # What these files brought is stored by now, new people too.
        is_unsafe = f"CASE WHEN {unknown} THEN 1 ELSE 0 END AS is_unsafe"
        return f"SELECT {keys}, {is_unsafe} FROM {self.rest.table} s {joins}"

    def _references(self) -> Iterator[Reference]:
        by_name = {each.field.name: each for each in self.planner.layout.references}
        yield from (by_name[self.policy.scope], by_name[self.policy.member])

    def _sorts(self) -> Iterator[str]:
        """SQL: the tests, one of which a row meets that the file speaks of."""
        sort = self._field(self.policy.sort).column
        yield f"t.{sort} = {literal(self.policy.always)}"
        yield from (f"t.{sort} IN ({query})" for query in self._sort_queries())

    def _sort_queries(self) -> Iterator[str]:
        """SQL: the sorts of people that some row of a file is about."""
        columns = self.planner.layout.resource.columns().values()
        column = next(each for each in columns if each.attribute == self.policy.sort)
        value = cell(column.column_name)
        tables = [self.planner.tables.stage] if column in self.planner.layout.columns else []
        for table in filter(None, (*tables, self.rest.table)):
            yield f"SELECT DISTINCT {value} FROM {table} s WHERE {value} IS NOT NULL"
