"""Values that only one record may have, and that change hands within one file.

Two students swap their addresses; or a circle of them does, or a chain that ends in a free one. A
row may take what another record has if that record's own row gives it up. Who waits for a row that
is refused, or whose value stays, is refused as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.plan.checks import unique_value_check
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.sql.layout import Layout, UniqueValue, unique_fields

CHUNK = 500
Taker = tuple[int, int]  # a row, and the record that has what it takes
Giver = tuple[int, int]  # a row, and its own record, which gives its value up


def stuck(takers: Iterable[Taker], givers: Iterable[Giver]) -> set[int]:
    """The rows that take what its record, in the end, does not give up."""
    rows_of: dict[int, set[int]] = {}
    for row, record in givers:
        rows_of.setdefault(record, set()).add(row)
    record_of = {row: record for record, rows in rows_of.items() for row in rows}
    waiting: dict[int, list[int]] = {}
    for row, holder in takers:
        waiting.setdefault(holder, []).append(row)
    refused: set[int] = set()
    pending = [holder for holder in waiting if holder not in rows_of]
    while pending:
        for row in waiting.pop(pending.pop(), ()):
            refused.add(row)
            own = record_of.get(row)
            if own is not None:
                rows_of[own].discard(row)
                if not rows_of[own]:
                    pending.append(own)
    return refused


def movable(layout: Layout) -> Iterator[UniqueValue]:
    """The values of a file that a record may be without, and so give up for a moment."""
    columns = movable_columns(layout.resource)
    for unique in layout.unique_values:
        is_own = unique.owner is None and unique.column in layout.written
        if is_own and unique.field.column in columns:
            yield unique


def movable_columns(resource: type[ImportKind]) -> list[str]:
    """The columns of a kind's model whose values rows may exchange."""
    return [
        str(field.column)
        for field, condition in unique_fields(resource.model())
        # Where it is unique only if there is one, a blank one is free.
        if (condition is not None and field.empty_strings_allowed)
        or field.column in resource.between
    ]


def freed(resource: type[ImportKind], column: str, ids: str) -> str:
    """SQL: take a value out of rows, so that others can have it; `ids` is a query for the keys."""
    values = resource.between.get(column, {column: "''"})
    settings = ", ".join(f"{name} = {sql}" for name, sql in values.items())
    return f"UPDATE {resource.model()._meta.db_table} SET {settings} WHERE id IN ({ids})"


@dataclass(frozen=True)
class MovedValue:
    """One such value: which rows of a plan take it, and which give theirs up."""

    planner: Planner
    value: UniqueValue

    @property
    def bit(self) -> int:
        """The bit of the check that finds the value with another record."""
        layout, column = self.planner.layout, self.value.column
        assert column
        sought = unique_value_check(
            self.value.field, column, layout.key[0], is_on_companion=layout.is_all_new
        )
        same = (
            c for c in self.planner.checks if (c.code, c.column) == (sought.code, sought.column)
        )
        return self.planner.bit(next(same))

    @property
    def cell(self) -> str:
        assert self.value.column
        return cell(self.value.column.column_name)

    @property
    def preserved_bit(self) -> int:
        assert self.value.column
        return self.planner.layout.preserved_bit(self.value.column)

    def allow(self, cursor: CursorWrapper) -> int:
        """Let rows in that take what another row of the file means to give up; how many."""
        layout, tables = self.planner.layout, self.planner.tables
        # In most files there is none, and everything else would read all rows once more.
        cursor.execute(f"SELECT 1 FROM {tables.plan} WHERE flags & {self.bit} <> 0 LIMIT 1")
        if not cursor.fetchone():
            return 0
        others = self.planner.error_mask & ~self.bit
        givers = f"SELECT DISTINCT p.target_id {self._changing()}"
        cursor.execute(
            f"UPDATE {tables.plan} SET moved = {tables.plan}.moved | {self.bit}, state = z.state, "
            f"new_id = CASE WHEN z.state = 'c' THEN {layout.dialect.new_id(layout.table)} END "
            "FROM (SELECT p.row_no, CASE "
            f"WHEN s.bad <> 0 OR p.flags & {others} <> 0 THEN 'r' "
            "WHEN p.target_id IS NULL THEN 'c' ELSE 'u' END AS state "
            f"FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no {self.value.join} "
            f"JOIN ({givers}) g ON g.target_id = {self.value.alias}.id "
            f"WHERE p.flags & {self.bit} <> 0) z WHERE z.row_no = {tables.plan}.row_no"
        )
        return int(cursor.rowcount)

    def resolve(self, cursor: CursorWrapper, states: str) -> None:
        """Refuse the rows, of those in these states, whose value is not given up after all."""
        tables = self.planner.tables
        taking = (
            f"FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no {self.value.join} "
            f"WHERE p.moved & {self.bit} <> 0 AND p.state IN ({states}) "
            f"AND p.preserved & {self.preserved_bit} = 0"
        )
        cursor.execute(f"SELECT p.row_no, {self.value.alias}.id {taking}")
        takers = cursor.fetchall()
        cursor.execute(
            f"SELECT p.row_no, p.target_id {self._changing()} AND p.state = 'u' "
            f"AND p.preserved & {self.preserved_bit} = 0 "
            f"AND p.target_id IN (SELECT {self.value.alias}.id {taking})"
        )
        refused = sorted(stuck(takers, cursor.fetchall()))
        for numbers in _chunks(refused):
            cursor.execute(
                f"UPDATE {tables.plan} SET moved = moved & ~{self.bit}, state = 'r', new_id = NULL "
                f"WHERE row_no IN ({numbers})"
            )

    def _changing(self) -> str:
        """SQL: rows of known records that bring another value; a blank one changes nothing."""
        tables, stored = self.planner.tables, f"t.{self.value.field.column}"
        return (
            f"FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no "
            f"JOIN {self.planner.layout.table} t ON t.id = p.target_id "
            f"WHERE {self.cell} <> '' AND {self.cell} <> {stored}"
        )

    def free(self, cursor: CursorWrapper) -> None:
        """Blank the values that other rows take."""
        tables, layout = self.planner.tables, self.planner.layout
        column = self.value.field.column
        assert column
        taken = (
            f"SELECT {self.cell} FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no "
            f"WHERE p.moved & {self.bit} <> 0 AND p.state IN ('c', 'u') "
            f"AND p.preserved & {self.preserved_bit} = 0"
        )
        ids = f"SELECT id FROM {layout.table} WHERE {column} IN ({taken})"
        cursor.execute(freed(layout.resource, column, ids))


class MovedValues:
    """The values of one plan that change hands."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.values = [MovedValue(planner, each) for each in movable(planner.layout)]

    def allow(self, cursor: CursorWrapper) -> bool:
        """Let the rows in that may take another's value; whether there are any."""
        return sum([each.allow(cursor) for each in self.values]) > 0

    def resolve(self, cursor: CursorWrapper, *, is_last: bool = False) -> None:
        """Refuse who takes what nobody gives up; `is_last` once rows were compared."""
        # What is wrong with a row that two rows of the file made wrong is reported by then.
        states = "'c', 'u'" if is_last else "'c', 'u', 'r'"
        for each in self.values:
            each.resolve(cursor, states)

    def free(self, cursor: CursorWrapper) -> None:
        """Blank what changes hands, before anything is written: an index looks at each row alone.

        The history has these versions too, in the same change set.
        """
        if not self.values:
            return
        cursor.execute(
            f"SELECT 1 FROM {self.planner.tables.plan} WHERE moved <> 0 AND state <> 'r' LIMIT 1"
        )
        for each in self.values if cursor.fetchone() else ():
            each.free(cursor)


def _chunks(numbers: Sequence[int]) -> Iterator[str]:
    for at in range(0, len(numbers), CHUNK):
        yield ", ".join(map(str, numbers[at : at + CHUNK]))
