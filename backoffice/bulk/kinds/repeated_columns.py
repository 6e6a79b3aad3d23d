"""Columns that repeat in groups: each group holds a nested row."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.translation import gettext as _

from backoffice.bulk.kinds.column import Column
from backoffice.bulk.values.faults import Fault, FileRefused

Group = Mapping[str, int]  # the positions of a group's cells
Judge = Callable[[str], tuple[str | None, Fault | None]]
CellFault = tuple[Fault, str, str]


def groups_in(names: Sequence[str], columns: Mapping[str, Column]) -> tuple[Group, ...]:
    """The groups of a header, from left to right: the first of each name, the second of each.

    Raises FileRefused if a group lacks a name.
    """
    places = {name: [at for at, each in enumerate(names) if each == name] for name in columns}
    most = max(map(len, places.values()))
    needed = {name for name, column in columns.items() if column.key or column.required}
    present = {name: at for name, at in places.items() if at or name in needed}
    for name, at in present.items():
        if not at or len(at) != most:
            raise FileRefused(
                "missing_column",
                _(
                    "The header names %(name)s %(count)d times where %(most)d are needed: "
                    "%(group)s belong together, and are repeated as often as a row needs."
                )
                % {
                    "name": columns[name].header,
                    "count": len(at),
                    "most": max(most, 1),
                    "group": ", ".join(column.header for column in columns.values()),
                },
                line=1,
                column=columns[name].header,
            )
    return tuple({name: at[number] for name, at in present.items()} for number in range(most))


def header_of(columns: Sequence[Column], group: Sequence[Column], count: int) -> list[str]:
    """The header of a file with `count` groups."""
    # The groups stand before the columns with a role, which only tell rows apart.
    own = [column.header for column in columns if not column.role]
    behind = [column.header for column in columns if column.role]
    return [*own, *[column.header for column in group] * count, *behind]


@dataclass(frozen=True)
class Groups:
    """Reads the nested rows of a row; `judges` clean their cells."""

    places: tuple[Group, ...]
    judges: Mapping[str, Judge]
    width: int  # of the header

    def whole(self, cells: list[str]) -> list[str]:
        """The cells of a row, filled up if it ends before groups that it does not need."""
        return cells + [""] * (self.width - len(cells)) if len(cells) in self._ends else cells

    @cached_property
    def _ends(self) -> set[int]:
        # The numbers of cells after which only groups follow.
        starts = [min(group.values()) for group in self.places[1:]]
        grouped = set().union(*(group.values() for group in self.places))
        return {at for at in starts if grouped.issuperset(range(at, self.width))}

    def read(self, cells: Sequence[str]) -> tuple[str, list[CellFault]]:
        """The nested rows as JSON, and the faults of their cells.

        Each row is an array: an integer with a bit for every wrong cell, then the values.
        """
        nested_rows: list[list[object]] = []
        faults: list[CellFault] = []
        for number, group in enumerate(self.places, 1):
            raws = {name: cells[at] for name, at in group.items()}
            if any(map(str.strip, raws.values())):
                nested_rows.append(self._nested_row(number, raws, faults))
        return json.dumps(nested_rows, ensure_ascii=False), faults

    def _nested_row(
        self, number: int, raws: Mapping[str, str], faults: list[CellFault]
    ) -> list[object]:
        values: list[object] = []
        bad = 0
        for at, (name, judge) in enumerate(self.judges.items()):
            value, fault = judge(raws.get(name, ""))
            values.append(value)
            if fault is not None:
                bad |= 0 if fault.is_warning else 1 << at
                faults.append((_numbered(fault, number), name, raws.get(name, "")))
        return [bad, *values]


def _numbered(fault: Fault, number: int) -> Fault:
    if fault.code != "required":  # a wrong value shows which of the columns is meant
        return fault
    template = _("{column} number %(number)d is empty. Fill it, or leave its whole group blank.")
    return replace(fault, template=template % {"number": number})
