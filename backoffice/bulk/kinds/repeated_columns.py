"""Columns that repeat: each group of them is a row of another model, within a row of the file."""

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


def groups_in(names: Sequence[str], members: Mapping[str, Column]) -> tuple[Group, ...]:
    """The groups of a header, from left to right: the first of each name, the second of each.

    Raises FileRefused where a name is missing from a group.
    """
    places = {name: [at for at, each in enumerate(names) if each == name] for name in members}
    most = max(map(len, places.values()))
    needed = {name for name, column in members.items() if column.key or column.required}
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
                    "name": members[name].header,
                    "count": len(at),
                    "most": max(most, 1),
                    "group": ", ".join(column.header for column in members.values()),
                },
                line=1,
                column=members[name].header,
            )
    return tuple({name: at[number] for name, at in present.items()} for number in range(most))


def header_of(columns: Sequence[Column], group: Sequence[Column], count: int) -> list[str]:
    """The header of a file with groups: they stand before the columns that only tell rows apart."""
    own = [column.header for column in columns if not column.role]
    behind = [column.header for column in columns if column.role]
    return [*own, *[column.header for column in group] * count, *behind]


@dataclass(frozen=True)
class Groups:
    """Reads the members of a row; `judges` clean their cells."""

    places: tuple[Group, ...]
    judges: Mapping[str, Judge]
    width: int  # of the header

    def whole(self, cells: list[str]) -> list[str]:
        """The cells of a row; a row may end before groups it does not need."""
        return cells + [""] * (self.width - len(cells)) if len(cells) in self._ends else cells

    @cached_property
    def _ends(self) -> set[int]:
        """How many cells such a row may have: all behind them are of groups."""
        starts = [min(group.values()) for group in self.places[1:]]
        grouped = set().union(*(group.values() for group in self.places))
        return {at for at in starts if grouped.issuperset(range(at, self.width))}

    def read(self, cells: Sequence[str]) -> tuple[str, list[CellFault]]:
        """The members as JSON, each with a bit for every wrong cell; and what is to be told."""
        members: list[list[object]] = []
        faults: list[CellFault] = []
        for number, group in enumerate(self.places, 1):
            raws = {name: cells[at] for name, at in group.items()}
            if any(map(str.strip, raws.values())):
                members.append(self._member(number, raws, faults))
        return json.dumps(members, ensure_ascii=False), faults

    def _member(
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
    """Of several blank cells in a row nobody could say which is meant."""
    if fault.code != "required":
        return fault
    template = _("{column} number %(number)d is empty. Fill it, or leave its whole group blank.")
    return replace(fault, template=template % {"number": number})
