"""The grid of a rubric: criteria × levels as text in cells, as stored or as somebody entered it.

The names of the fields are `criterion-<row>-<field>` and `criterion-<row>-level-<column>-<field>`;
`id` says which stored row a row of the grid is.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.models.fields import tidied_line, tidied_paragraphs
from backoffice.admin_site.models.points import WITH_COMMA, typed_points
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.rubrics.contents import plain_points

CRITERION_FIELDS = ("title", "max_points", "description", "has_ranges", "is_deduction")
LEVEL_FIELDS = ("title", "points", "description")
FLAGS = ("has_ranges", "is_deduction")
POINTS = ("points", "max_points")
MOST_CRITERIA, MOST_LEVELS = 60, 12
FEWEST_COLUMNS = 4
NAME = re.compile(r"criterion-([0-9]{1,4})(?:-level-([0-9]{1,4}))?-([a-z_]+)")
NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,7})?")
KEY = re.compile(r"[0-9]{1,18}")
NOT_POINTS = gettext_lazy("Points are a number in digits, for example 10 or 4.5.")
COMMA = gettext_lazy("Points have a decimal point and no comma: 4.5.")
COPY = gettext_lazy("%(title)s (copy)")


@dataclass
class GridRow:
    """A row of a table: texts by field, and what is to be said at each of them."""

    key: int | None = None
    cells: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)  # by others meanwhile: see grid_merge
    name: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is entered; a tick alone says nothing."""
        return not any(text.strip() for name, text in self.cells.items() if name not in FLAGS)

    def plain(self, name: str) -> str:
        """The text of a cell as it would be stored."""
        return plain_text(name, self.cells.get(name, ""))


@dataclass
class LevelRow(GridRow):
    """A level in the grid."""


@dataclass
class CriterionRow(GridRow):
    """A criterion in the grid, with the cells of its levels."""

    levels: list[LevelRow] = field(default_factory=list)
    place: str = ""
    is_removed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it is one of the blank rows at the end."""
        return self.key is None and self.is_blank and all(each.is_blank for each in self.levels)

    @property
    def filled_levels(self) -> list[LevelRow]:
        return [each for each in self.levels if not each.is_blank]


@dataclass
class RubricGrid:
    """The criteria of a rubric, in their order."""

    criteria: list[CriterionRow]

    @property
    def lasting(self) -> list[CriterionRow]:
        """The criteria that a rubric saved like this has."""
        return [each for each in self.criteria if not (each.is_removed or each.is_empty)]

    @property
    def columns(self) -> range:
        return range(1, max((len(each.levels) for each in self.criteria), default=0) + 1)

    def padded(self, spare_rows: int = 1) -> "RubricGrid":
        """The grid with blank rows and cells to write into, and names for all fields."""
        rows = [each for each in self.criteria if not each.is_empty]
        rows += [CriterionRow() for _number in range(spare_rows)]
        for row in rows:
            row.levels = [each for each in row.levels if each.key or not each.is_blank]
        most = max((len(each.levels) for each in rows), default=0)
        width = min(max(most + 1, FEWEST_COLUMNS), max(most, MOST_LEVELS))
        for number, row in enumerate(rows):
            row.name, row.place = f"criterion-{number}", str(number + 1)
            row.levels += [LevelRow() for _number in range(width - len(row.levels))]
            for column, level in enumerate(row.levels):
                level.name = f"{row.name}-level-{column}"
        return RubricGrid(rows)

    def with_copy_of(self, name: str) -> "RubricGrid":
        """The grid with a copy of the named criterion behind it, which is not stored yet."""
        rows: list[CriterionRow] = []
        for row in self.criteria:
            rows.append(row)
            if row.name == name and not row.is_empty:
                cells = row.cells | {"title": COPY % {"title": row.cells.get("title", "")}}
                levels = [LevelRow(cells=dict(each.cells)) for each in row.filled_levels]
                rows.append(CriterionRow(cells=cells, levels=levels))
        return RubricGrid(rows)

    def complete(self, stored: "RubricGrid") -> None:
        """Add what a form left out, which is not removed by that, and let each key stand once."""
        known = {row.key: row for row in stored.criteria}
        for row in self.criteria:
            other = known.pop(row.key, None)
            _complete_levels(row, other.levels if other else [])
            if other is None:
                row.key = None
        self.criteria += known.values()


def _complete_levels(row: CriterionRow, stored: list[LevelRow]) -> None:
    known = {each.key: each for each in stored}
    for level in row.levels:
        if known.pop(level.key, None) is None:
            level.key = None
    row.levels += known.values()


def stored_grid(rubric: GradingRubric) -> RubricGrid:
    """The grid of a stored version. Two queries."""
    criteria = rubric.criteria.prefetch_related("levels").order_by("position")
    return RubricGrid([_criterion_row(each) for each in criteria])


def _criterion_row(criterion: RubricCriterion) -> CriterionRow:
    levels = sorted(criterion.levels.all(), key=lambda level: (-level.points, level.pk))
    return CriterionRow(
        criterion.pk,
        {name: stored_text(criterion, name) for name in CRITERION_FIELDS},
        levels=[
            LevelRow(each.pk, {name: stored_text(each, name) for name in LEVEL_FIELDS})
            for each in levels
        ],
    )


def stored_text(row: RubricCriterion | RubricLevel, name: str) -> str:
    """The text of a cell for a stored value."""
    value = getattr(row, name)
    if isinstance(value, bool):
        return "on" if value else ""
    return plain_points(value) if isinstance(value, Decimal) else str(value)


def entered_grid(data: Mapping[str, str]) -> RubricGrid:
    """The grid that a form sends, in the order that its places say.

    Raises ValidationError for more rows or levels than a page can hold.
    """
    criteria: dict[int, dict[str, str]] = defaultdict(dict)
    levels: dict[int, dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name, text in data.items():
        match = NAME.fullmatch(name)
        if match and match[2]:
            levels[int(match[1])][int(match[2])][match[3]] = text
        elif match:
            criteria[int(match[1])][match[3]] = text
    rows = [_entered_criterion(n, criteria[n], levels[n]) for n in sorted({*criteria, *levels})]
    if len(rows) > MOST_CRITERIA or any(len(each.levels) > MOST_LEVELS for each in rows):
        message = _("A rubric on this page has at most %(criteria)d criteria of %(levels)d levels.")
        raise ValidationError(message % {"criteria": MOST_CRITERIA, "levels": MOST_LEVELS})
    return RubricGrid(sorted(rows, key=_place))


def _entered_criterion(
    number: int, values: dict[str, str], levels: dict[int, dict[str, str]]
) -> CriterionRow:
    name = f"criterion-{number}"
    return CriterionRow(
        _key(values),
        {each: values.get(each, "") for each in CRITERION_FIELDS},
        name=name,
        place=values.get("place", ""),
        is_removed=bool(values.get("remove")),
        levels=[
            LevelRow(
                _key(levels[column]),
                {each: levels[column].get(each, "") for each in LEVEL_FIELDS},
                name=f"{name}-level-{column}",
            )
            for column in sorted(levels)
        ],
    )


def _key(values: dict[str, str]) -> int | None:
    text = values.get("id", "")
    return int(text) if KEY.fullmatch(text) else None


def _place(row: CriterionRow) -> tuple[bool, Decimal]:
    # Rows without a number come last, in the order of the page.
    is_number = NUMBER.fullmatch(row.place.strip()) is not None
    return (not is_number, Decimal(row.place if is_number else 0))


def points_of(text: str) -> Decimal:
    """The points that a text says. Raises ValidationError with the reason where it says none."""
    try:
        return typed_points(text)
    except ValidationError:
        # In the words that the page says while somebody types.
        is_comma = WITH_COMMA.fullmatch(text.strip()) is not None
        message = str(COMMA if is_comma else NOT_POINTS)
        raise ValidationError(message, code="invalid_number") from None


def plain_text(name: str, text: str) -> str:
    """A cell's text as it would be stored; points that are none stay as they are."""
    if name in FLAGS:
        return "on" if text else ""
    if name not in POINTS:
        return tidied_line(text) if name == "title" else tidied_paragraphs(text)
    try:
        return plain_points(points_of(text))
    except ValidationError:
        return text.strip()


def without_keys(row: CriterionRow) -> CriterionRow:
    """The row as one to be added anew."""
    levels = [replace(each, key=None) for each in row.levels]
    return replace(row, key=None, levels=levels)
