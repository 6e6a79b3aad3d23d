"""What a merge would do: which rows move, which are folded, which remain, and what is in its way.

The plan is made from the rows as they are and writes nothing; `writing.py` carries it out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.apps.users.merging.policies import (
    FoldRefused,
    MergePolicy,
    Pair,
    partner_fields,
    policy_of,
    references_to,
)
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.optimistic_lock import digest, plain

Reference = models.ForeignKey[Any, Any]
Choices = Mapping[str, dict[str, Any]]
EMPTIED = "merged-"
# What the survivor's record takes over where it has nothing.
AGREED = ("student_id", "first_name", "last_name", "email", "is_active", "role")
FILLED = (
    *("first_name", "last_name", "email", "bio", "avatar", "graduation_year"),
    "specialization",
)


@dataclass(frozen=True)
class Deletion:
    """A row that goes: what it said stands in the one that remains, or in its history."""

    row: Any


@dataclass(frozen=True)
class Rewrite:
    """New values of a row that remains, by column."""

    row: Any
    values: dict[str, Any]


@dataclass(frozen=True)
class Move:
    """Rows that refer to another row from now on."""

    reference: Reference
    rows: list[Any]
    target: int


Step = Deletion | Rewrite | Move


@dataclass(frozen=True)
class RowFold:
    """Two rows of which one remains; `changes` are name, value before and afterwards."""

    key: str
    target: Any
    source: Any
    changes: list[tuple[str, Any, Any]]
    digest: str


@dataclass(frozen=True)
class Obstacle:
    """What has to be decided before the merge: a sentence, and the row it is about."""

    key: str
    message: str
    row: Any


@dataclass(frozen=True)
class Remainder:
    """Rows that refer to the emptied record afterwards too, and why."""

    reference: Reference
    count: int
    why: Any


@dataclass
class MergePlan:
    """All of it; `steps` are in the order in which they are carried out."""

    survivor: User
    duplicate: User
    steps: list[Step] = field(default_factory=list)
    foldings: list[RowFold] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    remainders: list[Remainder] = field(default_factory=list)

    @property
    def digests(self) -> dict[str, str]:
        """What was decided of each pair, blank where it is open: what a second person agrees to."""
        open_keys = dict.fromkeys((each.key for each in self.obstacles), "")
        agreed = {each.key: each.digest for each in self.foldings if each.digest}
        people = [_values(person) for person in (self.survivor, self.duplicate)]
        facts = [{name: each[name] for name in AGREED} for each in people]
        return open_keys | agreed | {"people": digest(facts)}


class MergePlanner:
    """Makes the plan of a merge; `choices` are decisions about pairs, by key."""

    def __init__(self, survivor: User, duplicate: User, choices: Choices, lock: bool) -> None:
        self.choices, self.lock = choices, lock
        self.plan = MergePlan(survivor, duplicate)
        self.deleted: set[tuple[str, int]] = set()
        self.references = list(references_to(User))

    def made(self) -> MergePlan:
        for reference in self.references:
            if policy_of(reference).fold:
                self._fold_rows(reference, self.plan.survivor.pk, self.plan.duplicate.pk)
        for reference in self.references:
            policy = policy_of(reference)
            if policy.moves or policy.follows:
                self._move(reference, policy)
            else:
                self._leave(reference, self._rows(reference).count(), policy.why)
        self._empty()
        return self.plan

    def _rows(self, reference: Reference, key: int | None = None) -> models.QuerySet[Any]:
        key = self.plan.duplicate.pk if key is None else key
        return reference.model._base_manager.filter(**{reference.name: key}).order_by("pk")

    def _current(self, reference: Reference, key: int | None = None) -> list[Any]:
        """Those of the rows that no earlier step deletes."""
        rows = self._rows(reference, key)
        rows = rows.select_for_update() if self.lock else rows
        label = reference.model._meta.label_lower
        return [row for row in rows if (label, row.pk) not in self.deleted]

    def _fold_rows(self, reference: Reference, target: int, source: int) -> None:
        for pair in self._pairs(reference, target, source):
            self._fold(pair, policy_of(reference))

    def _pairs(self, reference: Reference, target: int, source: int) -> Iterator[Pair]:
        """Rows of which one refers to the target, one to the source, and only one may be there."""
        names = partner_fields(reference)
        sources = self._current(reference, source)
        targets = self._current(reference, target) if sources else []
        by_partner = {tuple(getattr(row, name) for name in names): row for row in targets}
        for row in sources:
            own = by_partner.get(tuple(getattr(row, name) for name in names))
            if own is not None:
                pair = Pair(own, row)
                pair.choice = self.choices.get(pair.key)
                yield pair

    def _fold(self, pair: Pair, policy: MergePolicy) -> None:
        stored = {row.pk: _values(row) for row in (pair.own, pair.other)}
        try:
            target = policy.fold(pair) if policy.fold else None
        except FoldRefused as refusal:
            self.plan.obstacles.append(Obstacle(pair.key, str(refusal), pair.own))
            return
        source = pair.other if target is pair.own else pair.own
        changes = _changes(stored[target.pk], target)
        mark = _digest(stored, target, policy.agreed) if policy.agreed else ""
        self.plan.foldings.append(RowFold(pair.key, target, source, changes, mark))
        self._dissolve(source, target)
        if changes:
            values = {name: new for name, _old, new in changes}
            self.plan.steps.append(Rewrite(target, values))

    def _dissolve(self, source: Any, target: Any) -> None:
        """A row goes, after the rows that refer to it; its parts go where there is no target."""
        for reference in references_to(type(source)):
            policy = policy_of(reference)
            if policy.fold and target is not None:
                self._fold_rows(reference, target.pk, source.pk)
            rows = self._current(reference, source.pk)
            if policy.is_part or target is None:
                for row in rows:
                    self._dissolve(row, None)
            elif rows:
                self.plan.steps.append(Move(reference, rows, target.pk))
        self.deleted.add((source._meta.label_lower, source.pk))
        self.plan.steps.append(Deletion(source))

    def _move(self, reference: Reference, policy: MergePolicy) -> None:
        rows = self._current(reference)
        names = self._others(reference)
        survivor = self.plan.survivor.pk
        between = [row for row in rows if survivor in {getattr(row, name) for name in names}]
        if policy.between:
            self._leave(reference, len(between), policy.between)
        else:
            self.plan.obstacles += map(_obstacle_between, between)
        rows = [row for row in rows if row not in between]
        if rows and policy.moves:
            self.plan.steps.append(Move(reference, rows, survivor))

    def _others(self, reference: Reference) -> list[str]:
        """The other columns of the same rows that name a person whose rows move."""
        return [
            each.attname
            for each in self.references
            if each.model is reference.model
            and each.name != reference.name
            and (policy_of(each).moves or policy_of(each).follows)
        ]

    def _leave(self, reference: Reference, count: int, why: Any) -> None:
        if count:
            self.plan.remainders.append(Remainder(reference, count, why))

    def _empty(self) -> None:
        """The duplicate's record gives up what nobody else may have; the survivor's fills up."""
        survivor, duplicate = self.plan.survivor, self.plan.duplicate
        name = f"{EMPTIED}{duplicate.pk}"
        emptied = {"username": name, "student_id": name, "email": "", "is_active": False}
        self.plan.steps.append(Rewrite(duplicate, emptied | {"merged_into_id": survivor.pk}))
        own, other = _values(survivor), _values(duplicate)
        filled = {name: other[name] for name in FILLED if other[name] and not own[name]}
        if duplicate.is_active and not survivor.is_active:
            filled["is_active"] = True
        if filled:
            self.plan.steps.append(Rewrite(survivor, filled))


def _obstacle_between(row: Any) -> Obstacle:
    message = _(
        "%(kind)s %(number)d: one of the two records wrote the work, the other one reviewed or "
        "graded it. Let somebody else be named there first."
    )
    values = {"kind": capfirst(row._meta.verbose_name), "number": row.pk}
    return Obstacle(f"{row._meta.label_lower}:{row.pk}", message % values, row)


def plan_of(
    survivor: User, duplicate: User, choices: Choices | None = None, *, lock: bool = False
) -> MergePlan:
    """The plan of merging the duplicate into the survivor; `lock` locks the rows it is about."""
    return MergePlanner(survivor, duplicate, choices or {}, lock).made()


def _values(row: Any) -> dict[str, Any]:
    fields = (f for f in row._meta.concrete_fields if not (f.primary_key or f.generated))
    return {each.attname: plain(each, row) for each in fields}


def _changes(stored: dict[str, Any], row: Any) -> list[tuple[str, Any, Any]]:
    """Column, value before and afterwards of what a fold changed."""
    return [(name, stored[name], new) for name, new in _values(row).items() if stored[name] != new]


def _digest(stored: dict[int, dict[str, Any]], target: Any, names: tuple[str, ...]) -> str:
    """The fingerprint of what two rows say in these fields, and of which one remains how."""
    agreed = [target._meta.get_field(name).attname for name in names]
    before = [[key, *(values[name] for name in agreed)] for key, values in sorted(stored.items())]
    return digest((before, target.pk, [_values(target)[name] for name in agreed]))
