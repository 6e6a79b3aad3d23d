"""What the models say to the cells of a grid: every error at its cell, with value and place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.rubrics.contents import Contents, criterion_contents
from backoffice.apps.assessments.rubrics.grid import (
    CRITERION_FIELDS,
    FLAGS,
    LEVEL_FIELDS,
    POINTS,
    CriterionRow,
    GridRow,
    LevelRow,
    RubricGrid,
    points_of,
)


@dataclass(frozen=True)
class CellError:
    """What is wrong with a cell, and where it is."""

    cell: str
    place: str
    field: str
    value: str
    message: str


@dataclass
class CheckedCriterion:
    """A criterion as it would be stored, with its levels, best first."""

    row: CriterionRow
    criterion: RubricCriterion
    levels: list[tuple[LevelRow, RubricLevel]] = field(default_factory=list)


def checked(grid: RubricGrid) -> list[CheckedCriterion]:
    """The criteria of a grid as unsaved rows; what is wrong stands in the grid's cells.

    A level that has lost all its texts is no level any more.
    """
    rows = [_checked(row, place) for place, row in enumerate(grid.lasting, 1)]
    for each in rows:
        each.levels.sort(key=lambda pair: -(pair[1].points or Decimal(0)))
    return rows


def _checked(row: CriterionRow, place: int) -> CheckedCriterion:
    # Of a rubric that is not stored: whether the stored one may be changed is asked elsewhere.
    criterion = RubricCriterion(rubric=GradingRubric(), position=place)
    filled = row.filled_levels
    if not row.plain("max_points") and filled:
        row.cells["max_points"] = _best_points(filled)
    _fill(criterion, row, CRITERION_FIELDS, hidden={"rubric", "position"})
    pairs = []
    for level_row in filled:
        level = RubricLevel(criterion=criterion)
        _fill(level, level_row, LEVEL_FIELDS, hidden={"criterion", "maximum"})
        pairs.append((level_row, level))
    _refuse_equal_titles(pairs)
    return CheckedCriterion(row, criterion, pairs)


def _best_points(levels: list[LevelRow]) -> str:
    """As in files: a criterion whose points are not named gives those of its best level."""
    known = [text for each in levels if (text := each.plain("points")) and _is_points(text)]
    return max(known, key=points_of, default="")


def _is_points(text: str) -> bool:
    try:
        points_of(text)
    except ValidationError:
        return False
    return True


def _fill(row: Any, grid_row: GridRow, names: tuple[str, ...], hidden: set[str]) -> None:
    unread = set(hidden)
    for name in names:
        try:
            setattr(row, name, _value(name, grid_row.cells.get(name, "")))
        except ValidationError as error:
            unread.add(name)
            grid_row.errors[name] = error.messages
    try:
        row.full_clean(exclude=unread, validate_unique=False)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            at = names[0] if name == NON_FIELD_ERRORS or name not in names else name
            grid_row.errors.setdefault(at, []).extend(messages)


def _value(name: str, text: str) -> Any:
    if name in FLAGS:
        return bool(text)
    if name not in POINTS:
        return text
    if not text.strip():
        raise ValidationError(_("Say how many points."), code="required")
    return points_of(text)


def _refuse_equal_titles(pairs: list[tuple[LevelRow, RubricLevel]]) -> None:
    known: set[str] = set()
    rules = {rule.name: rule for rule in RubricLevel._meta.constraints}
    for row, level in pairs:
        if level.title and level.title in known:
            message = rules["level_title_unique"].violation_error_message
            row.errors.setdefault("title", []).append(str(message))
        known.add(level.title)


def contents_in(rows: list[CheckedCriterion]) -> Contents:
    """The contents that a version with these criteria has."""
    return tuple(
        criterion_contents(each.criterion, [level for _row, level in each.levels]) for each in rows
    )


def errors_in(grid: RubricGrid) -> list[CellError]:
    """All errors of a grid, in its order."""
    return [error for number, row in enumerate(grid.lasting, 1) for error in _errors(number, row)]


def _errors(number: int, criterion: CriterionRow) -> Iterator[CellError]:
    name = criterion.plain("title") or str(number)
    place = _("Criterion “%(criterion)s”") % {"criterion": name}
    yield from _row_errors(criterion, place, RubricCriterion)
    for at, level in enumerate(criterion.filled_levels, 1):
        names = {"criterion": name, "level": level.plain("title") or str(at)}
        place = _("Level “%(level)s” of criterion “%(criterion)s”") % names
        yield from _row_errors(level, place, RubricLevel)


def _row_errors(row: GridRow, place: str, model: Any) -> Iterator[CellError]:
    for name, messages in sorted(row.errors.items(), key=lambda item: [*row.cells].index(item[0])):
        label = capfirst(str(model._meta.get_field(name).verbose_name))
        for message in messages:
            cell = f"{row.name}-{name}"
            yield CellError(cell, place, label, row.cells.get(name, ""), message)
