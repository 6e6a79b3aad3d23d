"""A grid that somebody filled in, compared with what others stored meanwhile.

The form carries digests of the cells it was opened with. A cell that only others changed takes the
stored text; a cell that both changed keeps what was entered, with the stored text beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.rubrics.contents import (
    CriterionContents,
    LevelContents,
    hash_of,
)
from backoffice.apps.assessments.rubrics.grid import (
    FLAGS,
    CriterionRow,
    GridRow,
    LevelRow,
    RubricGrid,
    without_keys,
)
from backoffice.audit.admin_kit.optimistic_lock import digest, last_change

VERSION, OPENED, CHOICE = "version", "opened", "take-"
STORED_CHOICE = "theirs"


@dataclass(frozen=True)
class CellChange:
    """A cell that somebody else changed; `is_touched` says whether it was changed here, too."""

    row: GridRow
    name: str
    field: str
    place: str
    stored: str
    entered: str
    is_touched: bool
    who: str
    when: Any

    @property
    def cell(self) -> str:
        """The name of the field on the page, which numbers its rows anew."""
        return f"{self.row.name}-{self.name}"


@dataclass
class Opened:
    """What a form says it was opened with: the version's hash, and digests of its cells."""

    version: str = ""
    order: list[int] = field(default_factory=list)
    criteria: dict[int, dict[str, str]] = field(default_factory=dict)
    levels: dict[int, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, grid: RubricGrid) -> "Opened":
        rows = [row for row in grid.criteria if row.key is not None]
        return cls(
            version_of(grid),
            [row.key for row in rows if row.key is not None],
            {row.key: _digests(row) for row in rows if row.key is not None},
            {each.key: _digests(each) for r in rows for each in r.levels if each.key is not None},
        )

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Opened":
        """What the form sends; of what is forged nothing is known."""
        try:
            parsed = json.loads(data.get(OPENED) or "{}")
            return cls(
                str(data.get(VERSION, "")),
                [int(key) for key in parsed["order"]],
                _keyed(parsed["criteria"]),
                _keyed(parsed["levels"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls(str(data.get(VERSION, "")))

    def as_json(self) -> str:
        values = {"order": self.order, "criteria": self.criteria, "levels": self.levels}
        return json.dumps(values, separators=(",", ":"))

    def with_keys_of(self, keys: "KeysByVersion") -> "Opened":
        """The same, of the rows that stand in their place in a later version."""
        return replace(
            self,
            order=[keys.criteria[key] for key in self.order if key in keys.criteria],
            criteria={keys.criteria.get(k, -k): v for k, v in self.criteria.items()},
            levels={keys.levels.get(k, -k): v for k, v in self.levels.items()},
        )


def _keyed(values: dict[str, dict[str, str]]) -> dict[int, dict[str, str]]:
    return {int(key): {str(n): str(v) for n, v in row.items()} for key, row in values.items()}


def _digests(row: GridRow) -> dict[str, str]:
    return {name: digest(row.plain(name)) for name in row.cells}


def version_of(grid: RubricGrid) -> str:
    """The hash of a stored grid's contents."""
    return hash_of(
        tuple(
            CriterionContents(
                title=row.cells["title"],
                description=row.cells["description"],
                max_points=row.cells["max_points"],
                has_ranges=bool(row.cells["has_ranges"]),
                is_deduction=bool(row.cells["is_deduction"]),
                levels=tuple(LevelContents(**level.cells) for level in row.levels),
            )
            for row in grid.criteria
        )
    )


@dataclass(frozen=True)
class KeysByVersion:
    """Which criteria and levels of a later version stand for those of an earlier one."""

    criteria: dict[int, int]
    levels: dict[int, int]

    @classmethod
    def between(cls, earlier: RubricGrid, later: RubricGrid) -> "KeysByVersion":
        pairs = _pairs(earlier.criteria, later.criteria)
        levels = [pair for one, other in pairs for pair in _pairs(one.levels, other.levels)]
        return cls(_by_key(pairs), _by_key(levels))

    def apply(self, grid: RubricGrid) -> None:
        for row in grid.criteria:
            row.key = self.criteria.get(row.key, -row.key) if row.key else None
            for level in row.levels:
                level.key = self.levels.get(level.key, -level.key) if level.key else None


def _pairs(earlier: list[Any], later: list[Any]) -> list[tuple[Any, Any]]:
    """Rows of the same title, and then those that are left over in their order."""
    by_title = {each.plain("title"): each for each in reversed(later)}
    pairs = [(e, by_title.pop(t)) for e in earlier if (t := e.plain("title")) in by_title]
    paired = {id(each) for pair in pairs for each in pair}
    left = [[each for each in rows if id(each) not in paired] for rows in (earlier, later)]
    return [*pairs, *zip(*left, strict=False)]


def _by_key(pairs: list[tuple[Any, Any]]) -> dict[int, int]:
    return {one.key: other.key for one, other in pairs}


class Merge:
    """Compares what was entered with what is stored, and puts the two together in `grid`."""

    def __init__(self, opened: Opened, stored: RubricGrid, entered: RubricGrid) -> None:
        self.opened, self.stored = opened, stored
        self.changes: list[CellChange] = []
        self.notes: list[str] = []  # of whole rows and of the order
        self.grid = RubricGrid(self._merged_criteria(entered.criteria))

    @property
    def is_clean(self) -> bool:
        """Whether nobody else changed anything that is not entered here, too."""
        return not (self.changes or self.notes)

    def _merged_criteria(self, entered: list[CriterionRow]) -> list[CriterionRow]:
        by_key = {row.key: row for row in self.stored.criteria}
        rows: list[CriterionRow] = []
        for row in entered:
            if row.key is None:
                rows.append(row)
            elif row.key in by_key:
                self._compare_criterion(row, by_key[row.key])
                rows.append(row)
            elif not row.is_removed:
                rows += self._after_removal(row)
        present = {row.key for row in rows}
        rows += [self._added(row) for row in self.stored.criteria if row.key not in present]
        return self._ordered(rows)

    def _added(self, row: CriterionRow) -> CriterionRow:
        # What a form only left out is no news, and is not removed either.
        if row.key not in self.opened.criteria:
            names = {"title": row.plain("title"), "who": _who(RubricCriterion(pk=row.key))}
            self.notes.append(_("%(who)s added the criterion “%(title)s”.") % names)
        return row

    def _after_removal(self, row: CriterionRow) -> list[CriterionRow]:
        title = {"title": row.plain("title")}
        opened = self.opened.criteria.get(row.key or 0)
        if opened == _digests(row) and not any(map(self._is_level_touched, row.filled_levels)):
            self.notes.append(_("Somebody removed the criterion “%(title)s”.") % title)
            return []
        message = _(
            "Somebody removed the criterion “%(title)s”, which you changed. Saving adds it anew."
        )
        self.notes.append(message % title)
        return [without_keys(row)]

    def _is_level_touched(self, level: LevelRow) -> bool:
        return self.opened.levels.get(level.key or 0) != _digests(level)

    def _compare_criterion(self, row: CriterionRow, stored: CriterionRow) -> None:
        place = _("Criterion “%(criterion)s”") % {"criterion": stored.plain("title")}
        opened = self.opened.criteria.get(stored.key or 0, {})
        self._compare(row, stored, opened, RubricCriterion(pk=stored.key), place)
        if row.is_removed and row.changes:
            row.is_removed = False
            message = _("Somebody changed the criterion “%(title)s”, which you removed.")
            self.notes.append(message % {"title": stored.plain("title")})
        row.levels = self._merged_levels(row, stored)

    def _merged_levels(self, row: CriterionRow, stored: CriterionRow) -> list[LevelRow]:
        by_key = {each.key: each for each in stored.levels}
        names = {"criterion": stored.plain("title")}
        levels: list[LevelRow] = []
        for level in row.levels:
            if level.key in by_key:
                other = by_key[level.key]
                names["level"] = other.plain("title")
                place = _("Level “%(level)s” of criterion “%(criterion)s”") % names
                opened = self.opened.levels.get(other.key or 0, {})
                self._compare(level, other, opened, RubricLevel(pk=other.key), place)
                levels.append(level)
            elif level.key is None:
                levels.append(level)
            else:
                levels += self._level_after_removal(level, names)
        present = {each.key for each in levels}
        added = [each for each in stored.levels if each.key not in present]
        for level in (each for each in added if each.key not in self.opened.levels):
            names["level"] = level.plain("title")
            message = _("Somebody added the level “%(level)s” to criterion “%(criterion)s”.")
            self.notes.append(message % names)
        return [*levels, *added]

    def _level_after_removal(self, level: LevelRow, names: dict[str, str]) -> list[LevelRow]:
        if level.is_blank:
            return []
        message = _("Somebody removed the level “%(level)s” of criterion “%(criterion)s”.")
        self.notes.append(message % (names | {"level": level.plain("title")}))
        return [replace(level, key=None)] if self._is_level_touched(level) else []

    def _compare(
        self, row: GridRow, stored: GridRow, opened: dict[str, str], instance: Any, place: str
    ) -> None:
        """Note what others changed of a row; a cell that only they changed takes their text."""
        for name in row.cells:
            text, entered = stored.plain(name), row.plain(name)
            before = opened.get(name)
            if text == entered or before == digest(text):
                continue
            field = instance._meta.get_field(name)
            who, when = last_change(_with(instance, field, stored.cells[name]), field)
            is_touched = before != digest(entered)
            change = CellChange(
                row, name, capfirst(str(field.verbose_name)), place, _readable(name, text),
                _readable(name, entered), is_touched, who, when,
            )  # fmt: skip
            self.changes.append(change)
            row.changes[name] = change
            if not is_touched:
                row.cells[name] = text

    def _ordered(self, rows: list[CriterionRow]) -> list[CriterionRow]:
        common = set(self.opened.order) & {row.key for row in rows}
        opened, stored, entered = (
            [key for key in keys if key in common]
            for keys in (
                self.opened.order,
                [row.key for row in self.stored.criteria],
                [row.key for row in rows],
            )
        )
        if stored in (opened, entered):
            return rows
        if entered != opened:
            self.notes.append(_("Somebody put the criteria into another order; yours stands here."))
            return rows
        self.notes.append(_("Somebody put the criteria into another order."))
        places = {key: place for place, key in enumerate(stored)}
        # What is new here stays at the end.
        return sorted(rows, key=lambda row: places.get(row.key or 0, len(places)))


def _with(instance: Any, field: Any, text: str) -> Any:
    """An unsaved row with the stored value of one field, by which its change is looked for."""
    is_flag = field.get_internal_type() == "BooleanField"
    setattr(instance, field.attname, bool(text) if is_flag else field.to_python(text))
    return instance


def _readable(name: str, text: str) -> str:
    if name in FLAGS:
        return _("yes") if text else _("no")
    return text


def _who(row: Any) -> str:
    first = type(row).history.model.objects.filter(id=row.pk).select_related("change_set")
    record = first.order_by("history_id").first()
    change_set = record.change_set if record else None
    return change_set.actor_name if change_set and change_set.actor_name else _("Somebody")


def take_stored(entered: RubricGrid, stored: RubricGrid, data: Mapping[str, str]) -> None:
    """Put the stored text into the cells for which the person chose it."""
    known: dict[tuple[type, int | None], GridRow] = {}
    for row in stored.criteria:
        known[CriterionRow, row.key] = row
        known |= {(LevelRow, each.key): each for each in row.levels}
    for criterion in entered.criteria:
        for each in (criterion, *criterion.levels):
            other = known.get((type(each), each.key)) if each.key else None
            for name in each.cells if other else ():
                if other and data.get(f"{CHOICE}{each.name}-{name}") == STORED_CHOICE:
                    each.cells[name] = other.cells[name]


def is_outdated(opened: Opened, stored: RubricGrid, newest: GradingRubric, key: int) -> bool:
    """Whether the form was opened with other contents than are stored, or there is a later version.

    Rows that were stored anew with the same contents count as the same.
    """
    return newest.pk != key or opened.version != version_of(stored)
