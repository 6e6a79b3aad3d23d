"""Former names: a row that names somebody as they were named before is a row of theirs.

It is staged with the name of today, before anything is looked up; what the file has, stays noted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import field_at
from backoffice.bulk.plan.identities.near_doubles import IdentityColumn, identity_columns
from backoffice.bulk.sql.layout import Layout

MARK = "is_former"  # a column of the staging table
FORMER = Check(
    "former_name",
    "",
    _("{column} “{value}” is a former one of {other}. The row is taken for theirs."),
    is_warning=True,
)


def marks_of(layout: Layout) -> dict[str, str]:
    """The columns that a staging table has for it, with their types."""
    return {MARK: "integer"} if any(_with_former(layout)) else {}


def former_name_checks(layout: Layout) -> Iterator[Check]:
    """Rows that somebody is named in as before."""
    for named in _with_former(layout):
        is_due = f" AND {layout.differs()}" if layout.new_key else ""
        condition = (f"s.{MARK} = 1{is_due}", ())
        other = named.label(named.alias)
        yield replace(FORMER, column=named.name, condition=condition, other=other)


def lead_to_owners(
    cursor: CursorWrapper, layout: Layout, table: str, derived: Iterable[str] = ()
) -> None:
    """Put today's names in the place of former ones, in a staging table with marks."""
    for named in _with_former(layout):
        cell = f"c_{named.name}"
        noted = layout.dialect.noted("s.raws", named.name, f"s.{cell}")
        _lead(cursor, named, table, [f"raws = {noted}", f"{MARK} = 1", *_derived(named, derived)])


def lead_unmarked(cursor: CursorWrapper, layout: Layout, table: str) -> None:
    """The same in a table of nothing but cells."""
    for named in _with_former(layout):
        _lead(cursor, named, table, [])


def _with_former(layout: Layout) -> Iterator[IdentityColumn]:
    return (named for named in identity_columns(layout) if named.former_table)


def _derived(named: IdentityColumn, derived: Iterable[str]) -> Iterator[str]:
    for name in derived:
        yield f"c_{name} = x.{field_at(named.model, name).column}"


def _lead(cursor: CursorWrapper, named: IdentityColumn, table: str, others: list[str]) -> None:
    field, cell = named.identity.field, f"c_{named.name}"
    new_key = named.layout.new_key
    # A row that was done already gives its owner the name that they have.
    is_done = f" OR x.{field} = s.c_{new_key.column_name}" if new_key else ""
    settings = ", ".join([f"{cell} = x.{field}", *others])
    cursor.execute(
        f"UPDATE {table} AS s SET {settings} FROM {named.former_table} f "
        f"JOIN {named.table} x ON x.id = f.{named.former_owner} "
        f"WHERE f.{field} = s.{cell} AND x.{field} <> f.{field} "
        # Two may have exchanged theirs: who has the name now, comes first.
        f"AND (NOT EXISTS (SELECT 1 FROM {named.table} y WHERE y.{field} = f.{field}){is_done})"
    )
