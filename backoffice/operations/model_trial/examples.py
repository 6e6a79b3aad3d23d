"""Valid rows made from what a model says about its fields, for trying the model.

A field that `full_clean()` refuses gets another value: no rule of a model is known here.
"""

import random
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

Model = type[models.Model]
MOST_ATTEMPTS = 16
NUMBERS = (1, 2, 5, 50, 2000)
WIDTHS = (9, 8, 7, 6, 5, 4, 3)


class Examples:
    """One row of each model, made on demand; a foreign key names the row made before.

    So the rows belong together: the submission is of the student who is enrolled in the course.
    """

    def __init__(self) -> None:
        self._made: dict[Model, models.Model] = {}
        self._people: dict[str, Any] = {}
        self._tomorrow = timezone.now() + timedelta(days=1)

    def of(self, model: Model) -> Any:
        if model not in self._made:
            self._made[model] = self.another(model)
        return self._made[model]

    def made(self) -> set[Model]:
        return set(self._made)

    def retain(self, remaining: set[Model]) -> None:
        """Forget the examples of all other models, which a rollback has removed."""
        self._made = {model: row for model, row in self._made.items() if model in remaining}
        self._people.clear()

    def person(self, role: str) -> Any:
        """Somebody with a role to whom nothing belongs."""
        if role not in self._people:
            self._people[role] = self.another(get_user_model(), role=role)
        return self._people[role]

    def another(self, model: Model, **values: Any) -> Any:
        """A new row of a model. Raises ValidationError where none that is valid is found."""
        row: Any = model(**values)
        # To try a model is a reason to be over a limit, and the limit is an example too.
        row.is_excess_allowed = True
        for field in model._meta.concrete_fields:
            if field.name not in values and _is_filled(field):
                setattr(row, field.name, self._value(field, 0))
        self._correct(row, set(values))
        with transaction.atomic():
            row.save()
        return row

    def _correct(self, row: models.Model, fixed: set[str]) -> None:
        fields = row._meta.concrete_fields
        known = {field.name: field for field in fields if field.name not in fixed}
        for attempt in range(1, MOST_ATTEMPTS):
            try:
                return row.full_clean()
            except ValidationError as refusal:
                # A rule of no single field is not corrected here: the last attempt raises it.
                for name in known.keys() & refusal.message_dict.keys():
                    setattr(row, name, self._value(known[name], attempt))
                self._attach(row)
        return row.full_clean()

    def _attach(self, row: Any) -> None:
        """Make the rows of other models that have to be there: who reviews takes the course."""
        for rule in getattr(row, "presence_rules", ()):
            if rule.is_wanted and not rule.is_met_by(row):
                match = {name: reduce(getattr, path.split("__"), row) for name, path in rule.match}
                self.another(apps.get_model(rule.model), **match)

    def _value(self, field: Any, attempt: int) -> Any:
        """The field's value at an attempt; attempts count from 0."""
        if field.is_relation:
            return self._related(field, attempt)
        if field.choices:
            values = [value for value, _label in field.flatchoices]
            return values[attempt % len(values)]
        for kind, make in MAKERS.items():
            if isinstance(field, kind):
                return make(field, attempt)
        # What may not lie in the future gets a past one at the second attempt.
        day = self._tomorrow + timedelta(days=-30 if attempt == 1 else attempt)
        return day if isinstance(field, models.DateTimeField) else day.date()

    def _related(self, field: Any, attempt: int) -> models.Model | None:
        target = field.related_model
        if target is field.model:
            return None
        limits = field.get_limit_choices_to()
        if isinstance(limits, dict) and limits:
            return self.another(target, **limits)
        # A refused reference is tried with a new row, as some may be referred to once only.
        return self.another(target) if attempt else self.of(target)


def _is_filled(field: Any) -> bool:
    """Whether an example gives the field a value; what has a default or is computed keeps it."""
    if not field.editable or field.generated or field.primary_key or field.has_default():
        return False
    return field.is_relation or isinstance(field, (*MAKERS, models.DateField))


def _text(field: models.Field, attempt: int) -> str:
    if attempt == 0:
        return f"example{secrets.token_hex(6)}"[: field.max_length]
    # A school sets the pattern of its student IDs: digits of some width, with or without a letter.
    if attempt <= 2 * len(WIDTHS):
        width = WIDTHS[(attempt - 1) // 2]
        number = str(random.randrange(10 ** (width - 1), 10**width))
        return number if attempt % 2 else f"s{number}"
    # Any other pattern is imitated from a stored value, with other digits.
    rows = field.model._base_manager.exclude(**{f"{field.name}__isnull": True})
    stored = rows.order_by("-pk").values_list(field.name, flat=True).first() or ""
    return re.sub("[0-9]", lambda _digit: random.choice("0123456789"), stored)


def _number(_field: models.Field, attempt: int) -> int:
    return NUMBERS[attempt % len(NUMBERS)]


# In this order: an e-mail address is a text too.
MAKERS: dict[Any, Callable[[Any, int], Any]] = {
    models.BooleanField: lambda _field, attempt: attempt % 2 == 0,
    models.EmailField: lambda _field, _attempt: f"{secrets.token_hex(6)}@example.org",
    models.URLField: lambda _field, _attempt: "https://example.org/",
    models.CharField: _text,
    models.TextField: _text,
    models.IntegerField: _number,
    models.DecimalField: _number,
}
