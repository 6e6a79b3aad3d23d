"""Which points a level stands for: one rule for forms, files, commands and the database."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.trigger_rules import TriggerRule

# SQL, of a row with criterion, level and points: they do not go together. Points that are out of
# the criterion's range break a rule of their own.
BROKEN_POINTS = (
    '{row}."points" BETWEEN 0 AND {row}."maximum" AND CASE WHEN {row}."level_id" IS NULL '
    "THEN EXISTS (SELECT 1 FROM assessments_rubriclevel l "
    'WHERE l.criterion_id = {row}."criterion_id") '
    "ELSE NOT EXISTS (SELECT 1 FROM assessments_rubriclevel l "
    "JOIN assessments_rubriccriterion c ON c.id = l.criterion_id "
    'WHERE l.id = {row}."level_id" AND c.id = {row}."criterion_id" '
    'AND (l.points = {row}."points" OR (c.has_ranges AND {row}."points" < l.points '
    'AND {row}."points" > coalesce((SELECT max(x.points) FROM assessments_rubriclevel x '
    "WHERE x.criterion_id = c.id AND x.points < l.points), -1)))) END"
)


def lower_end(best: Decimal, levels: Iterable[Decimal]) -> Decimal | None:
    """The points of the next level below `best`, which are not the level's any more.

    None for the lowest level, which reaches down to 0.
    """
    return max((points for points in levels if points < best), default=None)


def is_within(points: Decimal, best: Decimal, levels: Iterable[Decimal], *, ranges: bool) -> bool:
    """Whether points are those of the level with `best` points, among these levels.

    Without ranges exactly the level's; with them, down to the next level's, which is not included.
    """
    if points == best:
        return True
    below = lower_end(best, levels)
    return ranges and 0 <= points < best and (below is None or points > below)


def is_broken(row: Any) -> bool:
    """Whether the points of a row do not go with its criterion and level."""
    if row.criterion_id is None or row.points is None:
        return False  # said of the field itself
    if not 0 <= row.points <= row.criterion.max_points:
        return False  # out of range: a rule of its own
    levels = {level.pk: level.points for level in row.criterion.levels.all()}
    if row.level_id is None:
        return bool(levels)
    best = levels.get(row.level_id)
    if best is None:
        return False  # a level of another criterion has a rule of its own
    ranges = row.criterion.has_ranges
    return not is_within(Decimal(row.points), best, levels.values(), ranges=ranges)


def points_of_level_rule(name: str) -> TriggerRule:
    """That the points of a row are those of its level, and that it has a level to choose."""
    return TriggerRule(
        name=name,
        field="points",
        watches=("criterion", "level", "points"),
        broken=BROKEN_POINTS,
        is_broken=is_broken,
        message=_(
            "These points are not those of the chosen level. Choose the level that has them, or "
            "enter the points of the level."
        ),
        code="not_of_level",
    )
