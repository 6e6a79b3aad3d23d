"""What becomes of the rows that refer to a record which is merged: one policy for each reference.

Every app declares those of its models in its `merging.py`; a house test asks for all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models.fields.related import ForeignKey

from backoffice.admin_site.discovery import discover

Model = type[models.Model]


class FoldRefused(Exception):
    """Two rows cannot become one before somebody else decides; the message says who and how."""


@dataclass
class Pair:
    """A row of each record of which only one may be there; `choice` is what was decided of them.

    A fold returns the row that remains, with its new values, and may raise FoldRefused.
    """

    own: Any  # of the survivor
    other: Any  # of the duplicate
    choice: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        return f"{self.own._meta.label_lower}:{self.own.pk}:{self.other.pk}"


Fold = Callable[[Pair], Any]


@dataclass(frozen=True)
class MergePolicy:
    """What becomes of rows with a foreign key to a row that goes.

    `moves`: they refer to the row that remains. `fold` makes one of two where both may not be.
    `is_part`: they go with the row. `follows`: the database changes the copy by itself.
    None of these: they remain as they are, and `why` says so. `between` says why a row that names
    both records remains as it is; without it such a row is refused. `agreed` names the fields of a
    fold to which a second person agrees: nothing is merged once they changed.
    """

    moves: bool = False
    fold: Fold | None = None
    is_part: bool = False
    follows: bool = False
    why: Any = ""
    between: Any = ""
    agreed: tuple[str, ...] = ()


_policies: dict[tuple[str, str], MergePolicy] = {}


def declare(label: str, *names: str, **policy: Any) -> None:
    """Declare the policy of these foreign keys of a model, by its label."""
    _policies.update({(label, name): MergePolicy(**policy) for name in names})


def folds(label: str, name: str, agreed: tuple[str, ...] = ()) -> Callable[[Fold], Fold]:
    """Register how two rows become one; rows without a counterpart move."""

    def register(fold: Fold) -> Fold:
        declare(label, name, moves=True, fold=fold, agreed=agreed)
        return fold

    return register


def policy_of(field: ForeignKey) -> MergePolicy:
    """The declared policy of a foreign key. Raises LookupError where there is none."""
    discover("merging")
    key = (field.model._meta.label_lower, field.name)
    if key not in _policies:
        raise LookupError(f"Nothing says what becomes of {'.'.join(key)} when two rows are merged.")
    return _policies[key]


def references_to(model: Model) -> Iterator[ForeignKey]:
    """The foreign keys that lead to a model; not those of histories, which say what was."""
    for relation in model._meta.get_fields(include_hidden=True):
        field = getattr(relation, "field", None)
        is_reverse = relation.auto_created and not relation.concrete and not relation.many_to_many
        if is_reverse and not hasattr(field.model, "instance_type"):
            yield field


def partner_fields(field: ForeignKey) -> list[str]:
    """The other columns that, with this one, only one row may have; none: one row for each."""
    if field.unique:
        return []
    names = next(unique_with(field), None)
    if names is not None:
        return names
    raise LookupError(f"{field} may stand in any number of rows: nothing is to be folded.")


def unique_with(field: ForeignKey) -> Iterator[list[str]]:
    """The columns that are unique together with this one, for each such constraint."""
    opts = field.model._meta
    for constraint in opts.constraints:
        # With the primary key, any values are: it is there for others to refer to.
        is_rule = isinstance(constraint, models.UniqueConstraint) and "id" not in constraint.fields
        if is_rule and field.name in constraint.fields:
            names = [name for name in constraint.fields if name != field.name]
            yield [opts.get_field(name).attname for name in names]
