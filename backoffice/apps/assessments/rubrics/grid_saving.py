"""Storing a grid: in place while no work was marked by the rubric, and as its next version then."""

from dataclasses import dataclass
from typing import Any

from django.db import models

from backoffice.admin_site.inlines.ordering import swap_positions
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion
from backoffice.apps.assessments.rubrics.contents import contents_by_rubric
from backoffice.apps.assessments.rubrics.grid import CRITERION_FIELDS, LEVEL_FIELDS, stored_text
from backoffice.apps.assessments.rubrics.grid_checks import CheckedCriterion, contents_in
from backoffice.apps.assessments.rubrics.versions import empty_version


@dataclass
class PlacedCriterion:
    """A stored criterion that moves to the place in `instance`."""

    instance: RubricCriterion


def locked(rubric: GradingRubric) -> GradingRubric:
    """The rubric as it is stored now, locked with its criteria until the transaction ends."""
    row = GradingRubric._base_manager.select_for_update().get(pk=rubric.pk)
    # Points for a criterion lock it in the database: whoever marks now comes before us or after.
    criteria = RubricCriterion._base_manager.select_for_update().filter(rubric=row)
    list(criteria.order_by("pk").values_list("pk"))
    return row


def save_grid(rubric: GradingRubric, rows: list[CheckedCriterion]) -> GradingRubric | None:
    """Store checked criteria in a locked rubric, and give the version that has them now.

    None means that they are what is stored already, and nothing was written.
    """
    if contents_in(rows) == contents_by_rubric([rubric.pk])[rubric.pk]:
        return None
    if rubric.is_used:
        version = empty_version(rubric)
        for each in rows:
            _add(version, each)
        return version
    _write(rubric, rows)
    return rubric


def _add(rubric: GradingRubric, row: CheckedCriterion) -> None:
    row.criterion.rubric = rubric
    row.criterion.save()
    for _cells, level in row.levels:
        level.criterion = row.criterion
        level.save()


def _write(rubric: GradingRubric, rows: list[CheckedCriterion]) -> None:
    stored = {each.pk: each for each in rubric.criteria.prefetch_related("levels")}
    lasting = {each.row.key for each in rows}
    for key in [key for key in stored if key not in lasting]:
        removed = stored.pop(key)
        for level in removed.levels.all():
            level.delete()
        removed.delete()
    _move(stored, rows)
    for each in rows:
        criterion = stored.get(each.row.key or 0)
        if criterion is None:
            _add(rubric, each)
        else:
            _update(criterion, each)


def _move(stored: dict[int, RubricCriterion], rows: list[CheckedCriterion]) -> None:
    """Put the stored criteria at their places; no two have one place at any moment."""
    places = {each.row.key: each.criterion.position for each in rows}
    occupied: dict[int, Any] = {}
    for key, criterion in stored.items():
        occupied[criterion.position] = PlacedCriterion(criterion)
        criterion.position = places[key]
    before = {each.instance.pk: place for place, each in occupied.items()}
    highest = max([*before.values(), *(each.criterion.position for each in rows)], default=0)
    aside = iter(range(highest + 1, highest + 1 + len(stored)))

    def step_aside(moving: PlacedCriterion, _occupied: dict[int, Any]) -> int:
        place, target = next(aside), moving.instance.position
        moving.instance.position = place
        moving.instance.save()
        moving.instance.position = target
        before[moving.instance.pk] = place
        return place

    moving = list(occupied.values())
    for each in swap_positions(moving, dict(occupied), step_aside):
        if before[each.instance.pk] != each.instance.position:
            each.instance.save()


def _update(stored: RubricCriterion, row: CheckedCriterion) -> None:
    # Levels stay within their criterion at every moment: it grows before them, and shrinks after.
    grows = row.criterion.max_points > stored.max_points
    if grows:
        _take_over(stored, row.criterion, CRITERION_FIELDS)
    _update_levels(stored, row)
    if not grows:
        _take_over(stored, row.criterion, CRITERION_FIELDS)


def _update_levels(stored: RubricCriterion, row: CheckedCriterion) -> None:
    """Write the levels over those of the same title, then over their own rows, then anew."""
    by_title = {level.title: level for level in stored.levels.all()}
    pairs = [(cells, level, by_title.pop(level.title, None)) for cells, level in row.levels]
    left = {level.pk: level for level in by_title.values()}
    # No title is taken by two rows at any moment: those that are left have no entered title.
    pairs = [(c, level, target or left.pop(c.key or 0, None)) for c, level, target in pairs]
    for level in left.values():
        level.delete()
    for _cells, level, target in pairs:
        if target is None:
            level.criterion = stored
            level.save()
        else:
            _take_over(target, level, LEVEL_FIELDS)


def _take_over(stored: Any, entered: models.Model, names: tuple[str, ...]) -> None:
    """Give a stored row the entered values, and save it where one of them differs."""
    if any(stored_text(stored, name) != stored_text(entered, name) for name in names):  # type: ignore[arg-type]  # criteria and levels
        for name in names:
            setattr(stored, name, getattr(entered, name))
        stored.save()
