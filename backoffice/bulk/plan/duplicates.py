"""Rows of one file that repeat or contradict each other, decided from top to bottom.

The first accepted row stands. SQL finds the rows that share a key, a person or a single value with
others: in an honest file few. They are read here in their order; the decisions go into the plan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.resource import NESTED
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.plan.checks import CONFLICT, REPEAT, change_fault, unique_value_check
from backoffice.bulk.plan.identities.near_doubles import identity_columns, similar_check
from backoffice.bulk.plan.planner import Planner, RowState
from backoffice.bulk.read.staging_file import StagingFile, copied
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.sql.layout import Layout, unique_fields
from backoffice.bulk.values.cell_origins import Origin, origin_of
from backoffice.bulk.values.faults import Fault

Key = tuple[Any, ...]


class AcceptedRow(NamedTuple):
    """A row that was accepted."""

    place: str  # its line, and its sheet
    own: tuple[Any, ...]  # its values, without the key


@dataclass
class Candidate:
    """One row that may repeat or contradict another."""

    row: int
    line: int
    state: str
    flags: int
    bad: int
    origin: Origin
    folded: str | None  # of a row that brings somebody new, the name as near doubles have it
    cells: dict[str, Any]
    own: tuple[Any, ...]

    def has(self, names: Sequence[str], bits: dict[str, int]) -> bool:
        """Whether these cells were accepted, each with something in it."""
        return all(self.cells[n] not in (None, "") and not self.bad & bits[n] for n in names)


class ClaimedValue(NamedTuple):
    """A value that only one record may have; whoever brought it first has it."""

    column: str
    key: tuple[str, ...]  # the columns of the record's key
    fault: Check


@dataclass
class Duplicates:
    """Decides between the rows of one plan, and reports the decisions."""

    planner: Planner
    staging_file: StagingFile
    accepted: dict[Key, AcceptedRow] = field(default_factory=dict)
    owners: dict[tuple[str, Any], Key] = field(default_factory=dict)
    people: dict[Any, dict[str, Any]] = field(default_factory=dict)
    new_names: dict[str, tuple[str, int]] = field(default_factory=dict)
    decided: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        layout = self.layout = self.planner.layout
        self.bits = self.planner.bits
        self.keys = tuple(column.column_name for column in layout.identity)
        link = layout.companion_link
        self.person = link.parts[0][1].column_name if link else ""
        self.companion_columns = layout.companion_columns if link else ()
        self.singles = list(_singles(layout))
        # Only a kind's own key or its companion brings somebody new.
        self.named = next((each for each in identity_columns(layout) if each.makes_rows), None)
        self.compared = [column.column_name for column in layout.own]
        self.compared += [NESTED] if layout.resource.nested else []

    def decide(self, cursor: CursorWrapper, table: str) -> bool:
        """Read the candidates and write the decisions; whether there were any."""
        if not any(self._groups("")):
            return False
        with connection.chunked_cursor() as reading:
            reading.execute(self._candidates())
            for record in rows_of(reading):
                self._decide(self._candidate(record))
        if not self.decided and not self.people:
            return False
        self._write(cursor, table)
        return True

    def _decide(self, row: Candidate) -> None:
        faults = [
            *self._against_person(row),
            *self._against_new_names(row),
            *self._against_owners(row),
            *self._against_key(row),
        ]
        is_wrong = any(not check.is_warning for _column, check, _other in faults)
        is_refused = is_wrong or row.state == RowState.REJECTED
        for column, check, other in faults:
            if not (is_refused and check.is_warning):
                self._report(row, column, check, other)
        if not is_refused:  # a refused row claims nothing
            self._claim(row)
        state = RowState.REJECTED if is_refused else RowState.DUPLICATE
        is_repeated = any(check is REPEAT for _column, check, _other in faults)
        if row.state != state and (is_refused or is_repeated):
            self.decided.append((row.row, state))

    def _against_person(self, row: Candidate) -> Iterator[tuple[str, Check, Any]]:
        """Other names or another e-mail than an earlier row gave this person."""
        if not self.person or not row.has([self.person], self.bits):
            return
        known = self.people.get(row.cells[self.person], {})
        for column in self.companion_columns:
            name = column.column_name
            value, earlier = row.cells[name], known.get(name)
            if earlier and row.has([name], self.bits) and value != earlier:
                yield name, change_fault(column), earlier

    def _against_new_names(self, row: Candidate) -> Iterator[tuple[str, Check, Any]]:
        """Somebody new in an earlier row, whose name is a near double of this one."""
        if not self.named or row.folded not in self.new_names:
            return
        column = self.named.name
        name, line = self.new_names[row.folded]
        if name != row.cells[column]:
            other = _("%(name)s on line %(line)d") % {"name": name, "line": line}
            yield column, similar_check(self.layout, column), other

    def _against_owners(self, row: Candidate) -> Iterator[tuple[str, Check, Any]]:
        """Values that another record of the file has."""
        for single in self.singles:
            if not row.has([single.column, *single.key], self.bits):
                continue
            owner = self.owners.get((single.column, row.cells[single.column]))
            if owner not in (None, _key(row, single.key)) and not self._is_reported(row, single):
                yield single.fault.column, single.fault, owner[0]

    def _is_reported(self, row: Candidate, single: ClaimedValue) -> bool:
        """Whether a check reported already that a stored record has the value."""
        return any(
            check.code == single.fault.code and row.flags & self.planner.bit(check)
            for check in self.planner.checks
        )

    def _against_key(self, row: Candidate) -> Iterator[tuple[str, Check, Any]]:
        """An accepted row with this key, and the first column in which this one differs."""
        first = self.accepted.get(_key(row, self.keys))
        if first is None or self.layout.source_names or not row.has(self.keys, self.bits):
            return
        for name, earlier, value in zip(self.compared, first.own, row.own, strict=True):
            if earlier != value and not row.bad & self.bits[name]:
                yield name, CONFLICT, first.place
                return
        yield "", REPEAT, first.place

    def _claim(self, row: Candidate) -> None:
        """Note an accepted row's key, its single values, and what it says of the person."""
        place = self.staging_file.place_of(row.line, row.origin.row or row.row)
        self.accepted.setdefault(_key(row, self.keys), AcceptedRow(place, row.own))
        for single in self.singles:
            if row.has([single.column, *single.key], self.bits):
                value = row.cells[single.column]
                self.owners.setdefault((single.column, value), _key(row, single.key))
        if self.named and row.folded is not None:
            self.new_names.setdefault(row.folded, (row.cells[self.named.name], row.line))
        if self.person:
            known = self.people.setdefault(row.cells[self.person], {})
            for column in self.companion_columns:
                if row.cells[column.column_name]:  # the first name stands
                    known.setdefault(column.column_name, row.cells[column.column_name])

    def _report(self, row: Candidate, column: str, check: Check, other: Any) -> None:
        value = row.origin.cells.get(column, row.cells.get(column))
        fault = Fault(check.code, str(check.template), check.is_warning, _text(other))
        self.staging_file.add_fault(fault, row.line, row.row, column, _text(value), row.origin)

    def _candidate(self, record: tuple[Any, ...]) -> Candidate:
        row, line, state, flags, bad, noted, folded, *rest = record
        names = self._cell_names()
        cells = dict(zip(names, rest, strict=False))  # the values to compare follow
        own = tuple(map(_text, rest[len(names) :]))
        return Candidate(row, line, state, flags, bad, origin_of(noted), folded, cells, own)

    def _cell_names(self) -> list[str]:
        columns = (*self.layout.own, *self.companion_columns)
        return [*self.keys, *(column.column_name for column in columns)]

    def _candidates(self) -> str:
        """SQL: every row whose key, person or single value stands in other rows too."""
        layout, stage, plan = self.layout, self.planner.tables.stage, self.planner.tables.plan
        values = [*map(cell, self._cell_names()), *map(layout.comparable, layout.own)]
        values += [cell(NESTED)] if layout.resource.nested else []
        named = self.named
        folded = f"CASE WHEN {named.fresh} THEN {named.folded} END" if named else "NULL"
        return f"""
            SELECT s.row_no, s.line_no, p.state, p.flags & ~p.moved, s.bad, s.raws,
                {", ".join([folded, *values])}
            FROM {stage} s JOIN {plan} p ON p.row_no = s.row_no {layout.joins}
            WHERE s.row_no IN ({" UNION ".join(self._groups(stage))}) ORDER BY s.row_no"""

    def _groups(self, stage: str) -> Iterator[str]:
        if not self.layout.source_names:  # `folding.py` decides between those
            yield _rows_of_groups(stage, self.keys, "count(*) > 1")
        if self.person and self.companion_columns:
            values = [f"coalesce(c_{column.column_name}, '')" for column in self.companion_columns]
            several = " OR ".join(f"min({value}) <> max({value})" for value in values)
            yield _rows_of_groups(stage, [self.person], several)
        for single in self.singles:
            several = " OR ".join(f"min(c_{name}) <> max(c_{name})" for name in single.key)
            yield _rows_of_groups(stage, [single.column], several)
        if self.named:
            yield self.named.fresh_doubles(stage, self.planner.tables.plan)

    def _write(self, cursor: CursorWrapper, table: str) -> None:
        """Write the decisions into the plan, and what is known of people into the table."""
        dialect, plan = self.layout.dialect, self.planner.tables.plan
        columns = {"row_no": "integer", "state": "text"}
        if self.person:
            names = [self.person, *(column.column_name for column in self.companion_columns)]
            columns |= {f"c_{name}": "text" for name in names}
        dialect.create(cursor, table, columns)
        with StagingFile(0) as staging_file:
            staging_file.rows.writelines(self._lines())
            dialect.load(cursor, table, columns, staging_file.rows)
        cursor.execute(
            f"UPDATE {plan} SET state = d.state FROM {table} d "
            f"WHERE d.row_no = {plan}.row_no AND d.state IS NOT NULL"
        )

    def _lines(self) -> Iterator[str]:
        width = 1 + len(self.companion_columns) if self.person else 0
        for row, state in self.decided:
            yield "\t".join([str(row), state, *["\\N"] * width]) + "\n"
        names = [column.column_name for column in self.companion_columns]
        for person, known in self.people.items():
            values = [person, *(known.get(name) or "" for name in names)]
            yield "\t".join(["\\N", "\\N", *map(copied, values)]) + "\n"


def _rows_of_groups(stage: str, names: Sequence[str], having: str) -> str:
    """SQL: the rows of the groups of equal cells for which something holds."""
    columns = [f"c_{name}" for name in names]
    is_filled = " AND ".join(f"{each} IS NOT NULL AND {each} <> ''" for each in columns)
    match = " AND ".join(f"g.{each} = k.{each}" for each in columns)
    return (
        f"SELECT k.row_no FROM {stage} k JOIN (SELECT {', '.join(columns)} FROM {stage} "
        f"WHERE {is_filled} GROUP BY {', '.join(columns)} HAVING {having}) g ON {match}"
    )


def _singles(layout: Layout) -> Iterator[ClaimedValue]:
    """The file's columns whose value only one record may have."""
    by_attribute = {c.attribute: c for c in layout.columns if c not in layout.key}
    key = tuple(column.column_name for column in layout.identity)
    for each, _condition in unique_fields(layout.model):
        column = by_attribute.get(each.name)
        if column:
            fault = unique_value_check(each, column, layout.key[0], is_on_companion=False)
            yield ClaimedValue(column.column_name, key, fault)
    link = layout.companion_link
    if link:
        person: Column = link.parts[0][1]
        by_target = {column.target: column for column in layout.companion_columns}
        for each, _condition in unique_fields(link.field.related_model):
            column = by_target.get(each.name)
            if column:
                fault = unique_value_check(each, column, person, is_on_companion=True)
                yield ClaimedValue(column.column_name, (person.column_name,), fault)


def _key(row: Candidate, names: Sequence[str]) -> Key:
    return tuple(row.cells[name] for name in names)


def _text(value: object) -> str:
    return "" if value is None else str(value)
