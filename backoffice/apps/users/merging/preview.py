"""What a merge would do, as a person may see it: counts of everything, rows of what is theirs."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.text import capfirst

from backoffice.admin_site.pages.history import readable
from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import is_permitted, permitted
from backoffice.apps.users.merging.plan import (
    Deletion,
    MergePlan,
    Move,
    Obstacle,
    Rewrite,
    RowFold,
)
from backoffice.apps.users.models import User

MOST_NAMED = 5  # rows of a kind

ValueChange = tuple[str, Any, Any]


@dataclass
class KindCount:
    """How many rows of a kind move, go and remain; the first that move, where one may see them."""

    kind: str
    moved: int = 0
    folded: int = 0
    remaining: int = 0
    named: list[Any] = field(default_factory=list)
    whys: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class FoldingLine:
    """Two rows that become one: which, and what changes, as far as one may see it."""

    kind: str
    name: str
    changes: list[ValueChange]


@dataclass(frozen=True)
class ObstacleLine:
    """What has to be decided first, and the page where it is, for whoever may open it."""

    message: str
    address: str


@dataclass(frozen=True)
class MergePreview:
    """A plan for the page."""

    plan: MergePlan
    counts: list[KindCount]
    foldings: list[FoldingLine]
    obstacles: list[ObstacleLine]
    filled: list[ValueChange]


def preview_of(plan: MergePlan, user: roles.Actor) -> MergePreview:
    """What this person sees of a plan."""
    foldings = [each for each in plan.foldings if roles.may(user, "view", type(each.target))]
    return MergePreview(
        plan,
        _counts(plan, user),
        [_folding_line(each, user) for each in foldings],
        [_obstacle_line(each, user) for each in plan.obstacles],
        _filled(plan),
    )


def _counts(plan: MergePlan, user: roles.Actor) -> list[KindCount]:
    rows: dict[Any, set[int]] = defaultdict(set)
    counts: dict[Any, KindCount] = {}

    def count_of(model: Any) -> KindCount:
        return counts.setdefault(model, KindCount(capfirst(model._meta.verbose_name_plural)))

    for step in plan.steps:
        if isinstance(step, Move):
            rows[step.reference.model].update(row.pk for row in step.rows)
        elif isinstance(step, Deletion):
            count_of(type(step.row)).folded += 1
    for model, keys in rows.items():
        count = count_of(model)
        count.moved, count.named = len(keys), _named(model, keys, user)
    for each in plan.remainders:
        count = count_of(each.reference.model)
        count.remaining += each.count
        count.whys = list(dict.fromkeys([*count.whys, each.why]))
    return sorted(counts.values(), key=lambda count: count.kind)


def _named(model: Any, keys: set[int], user: roles.Actor) -> list[str]:
    if not roles.may(user, "view", model):
        return []
    rows: models.QuerySet[Any] = permitted(model._base_manager.filter(pk__in=keys), user, "view")
    return [str(row) for row in rows.order_by("pk")[:MOST_NAMED]]


def _folding_line(folding: RowFold, user: roles.Actor) -> FoldingLine:
    target = folding.target
    visible = roles.visible_fields(user, type(target))
    fields = {each.attname: each for each in target._meta.concrete_fields}
    changes = [
        (
            str(capfirst(fields[name].verbose_name)),
            *(_worded(fields[name], value) for value in (old, new)),
        )
        for name, old, new in folding.changes
        if visible is None or fields[name].name in visible
    ]
    return FoldingLine(str(capfirst(target._meta.verbose_name)), str(target), changes)


def _worded(column: Any, value: Any) -> Any:
    return "–" if value in (None, "") else readable(column, value)


def _obstacle_line(obstacle: Obstacle, user: roles.Actor) -> ObstacleLine:
    may_open = is_permitted(obstacle.row, user, "view")
    return ObstacleLine(obstacle.message, page_of(obstacle.row) if may_open else "")


def _filled(plan: MergePlan) -> list[ValueChange]:
    """What the survivor's record takes over."""
    changes = [step for step in plan.steps if isinstance(step, Rewrite)]
    changes = [change for change in changes if change.row == plan.survivor]
    return [
        (str(capfirst(User._meta.get_field(name).verbose_name)), "–", value)
        for change in changes
        for name, value in change.values.items()
        if name not in ("avatar", "is_active")
    ]
