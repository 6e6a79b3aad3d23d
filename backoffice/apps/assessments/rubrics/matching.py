"""What of one rubric stands in another: criteria and levels of the same title."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.models import RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.levels import is_within

NO_SUCH_CRITERION = _("The other rubric has no criterion of this title.")
DOUBLED = _("Several criteria have this title, so it is not clear which one is meant.")
OTHER_KIND = _("It adds points in one of the two rubrics and deducts them in the other.")


class GivenMark(NamedTuple):
    """The points of one submission for one criterion, by keys."""

    pk: int
    submission: int
    criterion: int
    level: int | None
    points: Decimal
    comment: str


class CarriedMark(NamedTuple):
    """A mark as it is in the other rubric."""

    pk: int
    criterion: int
    level: int | None
    points: Decimal
    maximum: Decimal


@dataclass(frozen=True)
class CriterionMatch:
    """A criterion, and the one that stands for it in the other rubric, if there is one."""

    old: RubricCriterion
    new: RubricCriterion | None
    why: Any = ""

    def carried(self, mark: GivenMark) -> CarriedMark | None:
        """The mark in the other rubric; None where a grader must look at it again."""
        if self.new is None:
            return None
        new, levels = self.new, {level.title: level for level in self.new.levels.all()}
        level: RubricLevel | None = None
        points, is_kept = mark.points, not levels and mark.points <= new.max_points
        if mark.level is not None:
            level = levels.get(self._titles.get(mark.level, ""))
            is_kept = level is not None
        if level is not None and not new.has_ranges:
            points = level.points
        elif level is not None:
            others = [each.points for each in levels.values()]
            is_kept = is_within(points, level.points, others, ranges=True)
        key = level.pk if level else None
        return CarriedMark(mark.pk, new.pk, key, points, new.max_points) if is_kept else None

    @cached_property
    def _titles(self) -> dict[int, str]:
        return {level.pk: level.title for level in self.old.levels.all()}


@dataclass(frozen=True)
class RubricMatch:
    """Two rubrics: criterion by criterion of the first, and what the second has besides."""

    matches: tuple[CriterionMatch, ...]
    added: tuple[RubricCriterion, ...]

    @property
    def by_criterion(self) -> dict[int, CriterionMatch]:
        return {each.old.pk: each for each in self.matches}


def match_rubrics(old: Iterable[RubricCriterion], new: Iterable[RubricCriterion]) -> RubricMatch:
    """Match criteria by their exact titles, which are unique on both sides."""
    olds, news = list(old), list(new)
    counts = [Counter(each.title for each in rows) for rows in (olds, news)]
    by_title = {each.title: each for each in news}
    matches = tuple(_match(each, by_title.get(each.title), counts) for each in olds)
    matched = {each.new.pk for each in matches if each.new}
    return RubricMatch(matches, tuple(each for each in news if each.pk not in matched))


def _match(
    old: RubricCriterion, new: RubricCriterion | None, counts: list[Counter[str]]
) -> CriterionMatch:
    if new is None:
        return CriterionMatch(old, None, NO_SUCH_CRITERION)
    if any(count[old.title] > 1 for count in counts):
        return CriterionMatch(old, None, DOUBLED)
    if old.is_deduction != new.is_deduction:
        return CriterionMatch(old, None, OTHER_KIND)
    return CriterionMatch(old, new)
