"""Near doubles: a name that no stored row has, and that differs from a stored one only in its form.

Zeros in front got lost, letters changed their case: the row means somebody who is known. Which
fields have near doubles, a model says in `identities`. Asked of rows alone that name nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.admin_site.models.folded_identity import Identity, folded_identity_sql
from backoffice.admin_site.models.rules import names_in
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column, field_at
from backoffice.bulk.kinds.conditions import is_true, with_literals
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.models import BatchIssue
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.values.faults import REFUSED_NAME

SIMILAR, SIMILAR_MEMBER = "similar_person", "similar_stays"
ISSUES = BatchIssue._meta.db_table
PLACE = "\0"  # of the name, in a sentence that the database completes


@dataclass(frozen=True)
class IdentityColumn:
    """A column of a file that names rows of a model whose names have near doubles."""

    layout: Layout
    column: Column
    model: type[models.Model]
    identity: Identity
    alias: str  # SQL: the stored row that is named
    plan_key: str  # the column of the plan with its key
    makes_rows: bool  # an unknown name makes a new row
    written: str = ""  # SQL: the name, where it is not the one that is staged
    owner: str = ""  # SQL: the row that has the name, or gets it, and counts as no other one

    @property
    def name(self) -> str:
        return str(self.column.column_name)

    @property
    def folded(self) -> str:
        """SQL: the name in the form in which near doubles are equal."""
        return folded_identity_sql(self.written or cell(self.name))

    @property
    def is_unknown(self) -> str:
        """SQL: the row names nobody."""
        return f"{self.alias}.id IS NULL AND {cell(self.name)} IS NOT NULL"

    @property
    def resembles(self) -> str:
        """SQL: a stored row has a near double of the name."""
        # Counted, as the planner could take EXISTS for a reason to fold the names of all rows.
        counts = [f"(SELECT count(*) {rows})" for rows in self._alike()]
        return f"{' + '.join(counts)} > 0"

    @property
    def near(self) -> str:
        """SQL: the name of such a row, and who it is; null where there is none to be named."""
        stored, *former = self._alike()
        labels = [f"(SELECT min({self.label('x')}) {stored})"]
        for rows in former:
            owner = (
                f"(SELECT {self.label('x')} FROM {self.table} x WHERE x.id = f.{self.former_owner})"
            )
            labels.append(f"(SELECT min({owner}) {rows})")
        return f"coalesce({', '.join(labels)})" if former else labels[0]

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def _former(self) -> Any:
        """The relation back from rows with former names."""
        return self.model._meta.get_field(self.identity.former)

    @property
    def former_table(self) -> str:
        """The table of former names; blank where the model has none."""
        return self._former.related_model._meta.db_table if self.identity.former else ""

    @property
    def former_owner(self) -> str:
        """The column of the row that had a former name."""
        return str(self._former.field.column)

    @property
    def fresh(self) -> str:
        """SQL, beside a plan: the row brings somebody new."""
        return f"p.{self.plan_key} IS NULL AND {cell(self.name)} IS NOT NULL AND p.state <> 'r'"

    def fresh_doubles(self, stage: str, plan: str) -> str:
        """SQL: the numbers of rows that bring several new ones whose names are near doubles."""
        value = cell(self.name)
        return f"""
            SELECT row_no FROM (
              WITH fresh AS MATERIALIZED (
                SELECT s.row_no, {value} AS name, {self.folded} AS folded
                FROM {plan} p JOIN {stage} s ON s.row_no = p.row_no WHERE {self.fresh})
              SELECT k.row_no FROM fresh k JOIN (
                SELECT folded FROM fresh GROUP BY folded HAVING min(name) <> max(name)) g
              ON g.folded = k.folded) d"""

    def _alike(self) -> Iterator[str]:
        """SQL: the rows that resemble the name, stored ones `x` and former names `f`."""
        target = self.identity.field
        among = f" AND {self.among('x')}" if self.identity.among else ""
        other = f" AND x.id <> {self.owner} AND x.{target} <> {cell(self.name)}"
        among += other if self.owner else ""
        alike = f"{folded_identity_sql(f'x.{target}')} = {self.folded}"
        yield f"FROM {self.table} x WHERE {alike}{among}"
        if self.former_table:
            alike = f"{folded_identity_sql(f'f.{target}')} = {self.folded}"
            other = f" AND f.{self.former_owner} <> {self.owner}" if self.owner else ""
            yield f"FROM {self.former_table} f WHERE {alike}{other}"

    def among(self, alias: str) -> str:
        """SQL: a stored row has this sort of name."""
        condition = self.identity.among
        fields = {name: field_at(self.model, name) for name in names_in(condition)}
        columns: Any = {name: (f"{alias}.{f.column}", f) for name, f in fields.items()}
        return with_literals(is_true(condition, columns))

    def label(self, alias: str) -> str:
        """SQL: the name of a stored row, and who it is; null where it may not be named."""
        names = " || ' ' || ".join(f"{alias}.{name}" for name in self.identity.named_by)
        label = f"{alias}.{self.identity.field}"
        if names:
            label += f" || coalesce(' (' || nullif(trim({names}), '') || ')', '')"
        importable = self.layout.importable(self.model)
        # Nobody is named whom the person's role may not bring in.
        allowed = with_literals(importable) if importable[0] else ""
        return f"CASE WHEN {alias}.id IN ({allowed}) THEN {label} END" if allowed else label


def identity_columns(layout: Layout, mode: str = "upsert") -> Iterator[IdentityColumn]:
    """The columns of a file that name somebody."""
    if layout.is_all_new:  # what is staged there, is unknown and was looked at
        return
    for column in layout.key:
        for identity in _identities_at(layout.model, column, reference=""):
            makes_rows = layout.can_create and mode != "update"
            yield IdentityColumn(
                *(layout, column, layout.model, identity), "t", "target_id", makes_rows
            )
    for reference in layout.references:
        model = reference.field.related_model
        for _target, column in reference.parts:
            for identity in _identities_at(model, column, reference.field.name):
                is_companion = layout.companion_reference == reference
                key = f"fk_{reference.field.name}"
                yield IdentityColumn(
                    *(layout, column, model, identity), reference.alias, key, is_companion
                )


def _identities_at(model: type[models.Model], column: Column, reference: str) -> Iterator[Identity]:
    for identity in getattr(model, "identities", ()):
        if column.reference == reference and column.target == identity.field:
            yield identity


def near_double_checks(layout: Layout, mode: str) -> Iterator[Check]:
    """New people who are likely to be known ones."""
    for named in identity_columns(layout, mode):
        if named.makes_rows:
            condition = (f"({named.is_unknown} AND {named.resembles})", ())
            reads = (named.name,)
            yield replace(
                similar_check(layout, named.name),
                condition=condition,
                reads=reads,
                other=named.near,
            )


def new_key_checks(layout: Layout) -> Iterator[Check]:
    """New names of known rows that are near doubles of somebody else's."""
    for named in identity_columns(layout) if layout.new_key else ():
        column = layout.new_key
        assert column
        other = replace(named, column=column, owner=f"{named.alias}.id")
        template = _(
            "{column} “{value}” is similar to {other}: only letter case, zeros in front, width, "
            "blanks or hyphens differ."
        )
        is_new = f"{named.alias}.id IS NOT NULL AND {layout.changes(column)}"
        condition = (f"({is_new} AND {other.resembles})", ())
        yield Check(SIMILAR, other.name, template, condition, (other.name,), True, other=other.near)


def similar_check(layout: Layout, column: str) -> Check:
    """The error of a near double, or the warning where somebody allowed it."""
    if layout.allows_similar:
        template = _("{column} “{value}” becomes a new person, though {other} is similar.")
        return Check(SIMILAR, column, template, is_warning=True)
    template = _(
        "{column} “{value}” is similar to {other}, and would be a new person: only letter case, "
        "zeros in front, width, blanks or hyphens differ. Correct it, or allow similar people if "
        "it is somebody else."
    )
    return Check(SIMILAR, column, template)


def with_hints(checks: list[Check], layout: Layout, mode: str) -> list[Check]:
    """The checks; those that find an unknown name ask whether a near double is meant."""
    hints = {
        named.name: f"CASE WHEN {named.is_unknown} THEN {named.near} END"
        for named in identity_columns(layout, mode)
    }
    return [
        replace(each, hint=hints[each.column])
        if each.code.startswith("unknown_") and each.column in hints
        else each
        for each in checks
    ]


def hint_at_refused(cursor: CursorWrapper, layout: Layout, batch: int) -> None:
    """Ask, in the errors of a batch about names no school would have, whether one is meant."""
    before, _name, after = question_about(PLACE).partition(PLACE)
    for named in identity_columns(layout):
        near = replace(named, written="i.value").near
        cursor.execute(
            f"UPDATE {ISSUES} AS i SET message = i.message || ' ' || %s || {near} || %s "
            f"WHERE i.batch_id = %s AND i.code = '{REFUSED_NAME}' AND {near} IS NOT NULL",
            [before, after, batch],
        )


def question_about(name: str) -> str:
    """Whether a stored row is meant."""
    return _("Did you mean %(name)s?") % {"name": name}
