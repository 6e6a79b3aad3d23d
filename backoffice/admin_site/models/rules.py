"""Rules a model declares once, so that form, import and command refuse the same values.

All say which field is at fault and why, in a sentence for the person who has to correct it.
As in SQL, a condition that is unknown because of a null is not violated.
"""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError
from django.db import models, router, transaction
from django.db.models.functions import Coalesce

from backoffice.admin_site.models.folded_identity import Identity

Message = Any  # a str or a lazy one; the stubs' name for both does not exist at run time
Violation = tuple[str, ValidationError]

MOST_A_DATABASE_HOLDS = 2**63 - 1


class PlainConstraint(models.BaseConstraint):
    """A constraint that is Django's own in migrations: its sentence belongs to the code."""

    plain_path: ClassVar[str]

    def clone(self) -> Any:
        return copy.copy(self)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        _path, args, kwargs = super().deconstruct()
        for name in ("violation_error_message", "violation_error_code"):
            kwargs.pop(name, None)
        return self.plain_path, args, kwargs

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, models.BaseConstraint):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()


class RowRule(PlainConstraint, models.CheckConstraint):
    """A check constraint whose error stands at `field`, with a sentence and a code."""

    plain_path = "django.db.models.CheckConstraint"

    def __init__(
        self, *, field: str, condition: models.Q, name: str, message: Message, code: str
    ) -> None:
        self.field = field
        super().__init__(
            condition=condition,
            name=name,
            violation_error_message=message,
            violation_error_code=code,
        )


def is_web_address(field: str) -> models.Q:
    """That a text is blank or an address of the web: a script in a link runs when it is clicked."""
    secure = models.Q(**{f"{field}__istartswith": "https://"})
    return models.Q(**{field: ""}) | secure | models.Q(**{f"{field}__istartswith": "http://"})


class UniqueRule(PlainConstraint, models.UniqueConstraint):
    """A unique constraint whose error stands at `field`, with a sentence and a code."""

    plain_path = "django.db.models.UniqueConstraint"

    def __init__(self, *, field: str, message: Message, code: str, **constraint: Any) -> None:
        self.field = field
        super().__init__(violation_error_message=message, violation_error_code=code, **constraint)


@dataclass(frozen=True)
class RelatedRule:
    """What must hold between a row and the rows its foreign keys name.

    The import engine makes SQL of the condition: plain lookups, `F` and `Q`, across one key only.
    """

    name: str
    field: str
    condition: models.Q
    message: Message
    code: str

    def is_met_by(self, instance: models.Model) -> bool:
        """Whether the condition is true of this row, or unknown because of a null."""
        names = names_in(self.condition)
        is_met: bool = self.condition.check({name: _value(instance, name) for name in names})
        return is_met


@dataclass(frozen=True)
class Advisory(RelatedRule):
    """What usually holds. A row that differs is stored, and pointed out."""


@dataclass(frozen=True)
class PresenceRule:
    """That a row of another model is there; `match` gives its fields by paths from this row.

    {"student": "student", "course": "assessment__course"}: an enrollment of the submission's
    student in the course of its assessment. Of these rows, those count that `among` is true of, and
    that are of another row than this one, where `owner` names the foreign key to it.
    """

    field: str
    model: str
    match: tuple[tuple[str, str], ...]
    message: Message
    code: str
    among: models.Q = models.Q()
    is_wanted: bool = True  # False: no such row may be there
    is_lasting: bool = True  # False: asked when a row is attached, and not of what came later
    owner: str = ""

    def is_met_by(self, instance: models.Model) -> bool:
        """Whether such rows are there as they should, or a path leads nowhere yet."""
        return not self._is_asked_of(instance) or self.holds_for(instance)

    def holds_for(self, instance: models.Model) -> bool:
        """The same, of a row that was attached long ago, too."""
        sought = {name: _value(instance, path).value for name, path in self.match}
        if None in sought.values():
            return True
        rows: models.QuerySet[Any] = apps.get_model(self.model)._base_manager.all()
        if self.owner and not instance._state.adding:
            rows = rows.exclude(**{self.owner: instance.pk})
        return rows.filter(self.among, **sought).exists() is self.is_wanted

    def _is_asked_of(self, instance: models.Model) -> bool:
        if self.is_lasting or instance._state.adding:
            return True
        opts = instance._meta
        heads = {path.partition("__")[0] for _name, path in self.match}
        keys = [opts.get_field(head).attname for head in sorted(heads)]  # type: ignore[union-attr]
        stored = type(instance)._base_manager.filter(pk=instance.pk).values_list(*keys).first()
        return stored != tuple(getattr(instance, key) for key in keys)


@dataclass(frozen=True)
class Excess:
    """That a row has room for so many, and would have more."""

    place: models.Model
    count: int
    most: int

    @property
    def over(self) -> int:
        return self.count - self.most


@dataclass(frozen=True)
class CapacityRule:
    """For how many rows of which `counted` is true the row of a foreign key has room.

    `most` names the field there with the number; blank and 0 are no limit. Only a row that comes
    in anew is refused, and only without a reason; `advice` says so. The message may name `over`,
    `count` and `most`.
    """

    field: str
    most: str
    counted: models.Q
    message: Message
    advice: Message
    code: str

    def excess_with(self, row: models.Model) -> Excess | None:
        """The excess once this row is stored; None where there is room, or it was there before.

        Inside a transaction the place is locked until its end: the next one counts this row too.
        """
        place = _value(row, self.field).value
        is_counted = self.counted.check({n: _value(row, n) for n in names_in(self.counted)})
        rows = type(row)._base_manager.filter(self.counted, **{self.field: place})
        if place is None or not is_counted or rows.filter(pk=row.pk).exists():
            return None
        places = self._places(type(row))
        if transaction.get_connection().in_atomic_block:
            # Not against foreign keys that only point there.
            places = places.select_for_update(no_key=True)
        return next(self._excesses(places.filter(pk=place), rows, {place: 1}), None)

    def excesses(self, model: type[models.Model], coming: Mapping[Any, int]) -> list[Excess]:
        """The excesses with so many more rows, by the key of their place; two queries for all."""
        rows = model._base_manager.filter(self.counted, **{f"{self.field}__in": list(coming)})
        return list(self._excesses(self._places(model).filter(pk__in=coming), rows, coming))

    def lock_places(self, rows: Sequence[models.Model]) -> None:
        """Lock the places of rows of one model until the transaction ends, in the order of keys."""
        keys = {_value(row, self.field).value for row in rows}
        places = self._places(type(rows[0])).select_for_update(no_key=True)
        list(places.filter(pk__in=keys).values_list("pk"))

    def _places(self, model: type[models.Model]) -> models.QuerySet[Any]:
        key: Any = model._meta.get_field(self.field)  # a foreign key
        places: models.QuerySet[Any] = key.related_model._base_manager.order_by("pk")
        return places

    def _excesses(
        self, places: models.QuerySet[Any], rows: models.QuerySet[Any], coming: Mapping[Any, int]
    ) -> Iterator[Excess]:
        limited = list(places.filter(**{f"{self.most}__gt": 0}))
        # Counted after the places are locked.
        stored = rows.order_by().values_list(self.field).annotate(models.Count("pk"))
        count_by_place: dict[Any, int] = dict(stored) if limited else {}
        for place in limited:
            count = count_by_place.get(place.pk, 0) + coming[place.pk]
            if count > getattr(place, self.most):
                yield Excess(place, count, getattr(place, self.most))

    def sentence(self, count: int, most: int, *, is_allowed: bool = False) -> str:
        """What is wrong, by how much, and what it takes, unless somebody gave that already."""
        message = str(self.message) % {"over": count - most, "count": count, "most": most}
        return message if is_allowed else f"{message} {self.advice}"


@dataclass(frozen=True)
class TotalRule:
    """What a field adds up to, at most, over the rows of one foreign key.

    Rows beyond it are stored, and pointed out. The message may name `place`, `total` and `most`.
    """

    field: str
    summed: str
    most: int
    message: Message
    code: str

    def total_with(self, row: models.Model) -> Decimal | None:
        """What the rows of its place add up to; None for a row that is not at fault."""
        if not getattr(row, self.summed):
            return None
        rows = type(row)._base_manager.filter(**{self.field: getattr(row, self.field)})
        total = rows.aggregate(total=models.Sum(self.summed))["total"]
        return total if total > self.most else None

    def sentence(self, place: models.Model, total: str) -> str:
        return str(self.message) % {"place": place, "total": total, "most": self.most}


def names_in(condition: object) -> set[str]:
    """The fields a condition speaks of; paths across a foreign key with the double underscore."""
    if isinstance(condition, models.Q):
        return set().union(*(names_in(child) for child in condition.children))
    if isinstance(condition, tuple):
        path, value = condition
        # Values to choose from are a tuple, too.
        named = set() if isinstance(value, list | tuple) else names_in(value)
        return {_without_lookup(path)} | named
    if isinstance(condition, models.F):
        return {condition.name}  # type: ignore[attr-defined]  # missing in the stub
    return set().union(*map(names_in, getattr(condition, "get_source_expressions", list)()))


def _speaks_of(condition: object, fields: set[str]) -> bool:
    return bool(fields & {name.partition("__")[0] for name in names_in(condition)})


def _without_lookup(path: str) -> str:
    head, _separator, last = path.rpartition("__")
    # The stub does not know that the method may be called on a class, too.
    lookups = models.Field.get_lookups()  # type: ignore[call-arg]
    return head if head and last in lookups else path


def _value(instance: models.Model, path: str) -> models.Value:
    """The value at the end of a path, as in memory: the related rows may be unsaved."""
    *hops, last = path.split("__")
    # Any: the stub cannot know that a condition speaks of columns and foreign keys only.
    model: Any = type(instance)
    row: models.Model | None = instance
    for hop in hops:
        try:
            row = getattr(row, hop, None)
        except ObjectDoesNotExist:  # no row yet, or none any more
            row = None
        model = model._meta.get_field(hop).related_model
    field: Any = model._meta.get_field(last)
    plain = field.target_field if field.is_relation else field
    return models.Value(getattr(row, field.attname) if row else None, plain)


class Ruled(models.Model):
    """Base of models that declare rules; `full_clean()` and every form put errors at the field."""

    related_rules: ClassVar[tuple[RelatedRule, ...]] = ()
    presence_rules: ClassVar[tuple[PresenceRule, ...]] = ()
    advisories: ClassVar[tuple[Advisory, ...]] = ()
    capacity: ClassVar[CapacityRule | None] = None
    identities: ClassVar[tuple[Identity, ...]] = ()
    total_rule: ClassVar[TotalRule | None] = None
    # Whether somebody said why the row comes in over the capacity; and by how much it does.
    is_excess_allowed: bool = False
    excess: Excess | None = None
    # Fields whose values somebody settles for several rows at once, after each was looked at.
    _skipped_until_saved: frozenset[str] = frozenset()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Check constraints and related rules, all of them, each error at its field.

        Raises ValidationError; an error at a field that the form does not show stands above it.
        """
        # Django skips a constraint when one of its fields is not on the form; the database does
        # not, and a form with a read-only date would end in a server error. Here a field is left
        # out only when its value cannot be compared.
        hidden = set(exclude or ())
        unsound = {name for name in hidden if not self._is_sound(name)}
        errors: dict[str, list[ValidationError]] = {}
        for field, error in self._violations(unsound):
            field_errors = errors.setdefault(NON_FIELD_ERRORS if field in hidden else field, [])
            # The same rule may stand in the database and across a foreign key; say it once.
            if error.code not in {known.code for known in field_errors}:
                field_errors.append(error)
        if errors:
            raise ValidationError(errors)

    def advice(self) -> list[Advisory]:
        """The advisories this row does not meet."""
        return [advisory for advisory in self.advisories if not advisory.is_met_by(self)]

    def further_violations(self) -> Iterator[Violation]:
        """What only a look at other rows can tell; for models to override."""
        yield from ()

    def _violations(self, unsound: set[str]) -> Iterator[Violation]:
        yield from self._constraint_violations(unsound | self._skipped_until_saved)
        for rule in self.related_rules:
            if not _speaks_of(rule.condition, unsound) and not rule.is_met_by(self):
                yield rule.field, ValidationError(rule.message, code=rule.code)
        if not unsound:
            for presence in self.presence_rules:
                if not presence.is_met_by(self):
                    yield presence.field, ValidationError(presence.message, code=presence.code)
            yield from self._excess_violations()
            yield from self.further_violations()

    def _excess_violations(self) -> Iterator[Violation]:
        self.excess = self.capacity.excess_with(self) if self.capacity else None
        if self.capacity and self.excess and not self.is_excess_allowed:
            message = self.capacity.sentence(self.excess.count, self.excess.most)
            yield self.capacity.field, ValidationError(message, code=self.capacity.code)

    def _constraint_violations(self, left_out: set[str]) -> Iterator[Violation]:
        using = router.db_for_write(type(self), instance=self)
        for model, constraints in self.get_constraints():
            is_sound = self._meets_checks(model, constraints, left_out, using)
            for constraint in constraints:
                if is_sound and isinstance(constraint, models.CheckConstraint):
                    continue
                try:
                    constraint.validate(model, self, exclude=left_out, using=using)
                except ValidationError as error:
                    yield getattr(constraint, "field", NON_FIELD_ERRORS), error

    def _meets_checks(
        self,
        model: type[models.Model],
        constraints: Iterable[models.BaseConstraint],
        left_out: set[str],
        using: str,
    ) -> bool:
        """Whether no check constraint among these is violated: one query for all of them."""
        # Django asks for each with SAVEPOINT, SELECT and RELEASE. What the database cannot compare
        # counts as violated here: then each is asked by itself, and the right one speaks.
        checks = [each for each in constraints if isinstance(each, models.CheckConstraint)]
        conditions = [c.condition for c in checks if not _speaks_of(c.condition, left_out)]
        if not conditions:
            return True
        known = models.BooleanField()
        met = [models.Q(Coalesce(each, True, output_field=known)) for each in conditions]
        against = self._get_field_expression_map(  # type: ignore[attr-defined]  # private
            model._meta, exclude=left_out
        )
        return not (~models.Q(*met)).check(against, using=using)

    def _is_sound(self, name: str) -> bool:
        """Whether a field holds a value of its type; a refused one may hold the text typed."""
        field: Any = self._meta.get_field(name)  # a column, or nothing a constraint speaks of
        if not field.concrete or field.generated:
            return True
        try:
            value = field.to_python(getattr(self, field.attname))
        except ValidationError:
            return False
        return not (isinstance(value, int) and abs(value) > MOST_A_DATABASE_HOLDS)
