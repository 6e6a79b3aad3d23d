"""What a version of a rubric says, as one text and its hash: equal contents are known as equal.

Criteria in their order and the levels of each, with texts and points; no keys, and not the title of
the rubric itself, which a copy in another course may have too.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel

SHORT_HASH = 12  # hexadecimal digits, enough to tell the versions of a school apart


@dataclass(frozen=True)
class LevelContents:
    """A level of a criterion; `points` is a plain number: 4.5."""

    title: str
    description: str
    points: str


@dataclass(frozen=True)
class CriterionContents:
    """A criterion with its levels, best first."""

    title: str
    description: str
    max_points: str
    has_ranges: bool
    is_deduction: bool
    levels: tuple[LevelContents, ...]


Contents = tuple[CriterionContents, ...]


def contents_of(rubric: GradingRubric) -> str:
    """The contents of a version as canonical JSON."""
    return canonical(contents_by_rubric([rubric.pk])[rubric.pk])


def contents_hash(rubric: GradingRubric) -> str:
    """The SHA-256 of the contents, 64 hexadecimal digits."""
    return hash_of(contents_by_rubric([rubric.pk])[rubric.pk])


def contents_hashes(rubrics: Iterable[int]) -> dict[int, str]:
    """The hash of each of these versions, by key; two queries for all."""
    return {key: hash_of(contents) for key, contents in contents_by_rubric(rubrics).items()}


def contents_by_rubric(rubrics: Iterable[int]) -> dict[int, Contents]:
    """The contents of each of these versions, by key; two queries for all."""
    keys = list(rubrics)
    levels: dict[int, list[RubricLevel]] = defaultdict(list)
    stored_levels = RubricLevel._base_manager.filter(criterion__rubric__in=keys)
    for level in stored_levels.order_by("-points", "pk"):
        levels[level.criterion_id].append(level)
    criteria: dict[int, list[CriterionContents]] = {key: [] for key in keys}
    stored = RubricCriterion._base_manager.filter(rubric__in=keys)
    for criterion in stored.order_by("position", "pk"):
        criteria[criterion.rubric_id].append(criterion_contents(criterion, levels[criterion.pk]))
    return {key: tuple(rows) for key, rows in criteria.items()}


def criterion_contents(
    criterion: RubricCriterion, levels: Iterable[RubricLevel]
) -> CriterionContents:
    """What a criterion says, with its levels in the order given."""
    return CriterionContents(
        title=criterion.title,
        description=criterion.description,
        max_points=plain_points(criterion.max_points),
        has_ranges=criterion.has_ranges,
        is_deduction=criterion.is_deduction,
        levels=tuple(
            LevelContents(level.title, level.description, plain_points(level.points))
            for level in levels
        ),
    )


def canonical(contents: Contents) -> str:
    """The one JSON text of these contents."""
    rows = [asdict(criterion) for criterion in contents]
    return json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_of(contents: Contents) -> str:
    """The SHA-256 of these contents, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(contents).encode()).hexdigest()


def plain_points(points: Decimal) -> str:
    """A number of points without zeros at its end: 4.5, 100, 0."""
    return f"{points.normalize():f}" if points else "0"  # not 1E+2, and no -0
