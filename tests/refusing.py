"""How a test shows that a rule holds: in validation, with its sentence, and in the database.

A case names a rule and changes a row of the demo school so that it breaks this rule. A walk over
the models makes sure that no rule is without a case.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from backoffice.admin_site.models.rules import RowRule, UniqueRule
from backoffice.audit.models import Audited

Changes = dict[str, Any] | Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Broken:
    """A row changed against one rule. `row` chooses it among the demo's."""

    rule: str
    model: type[models.Model]
    changes: Changes
    row: dict[str, Any] = field(default_factory=dict)

    def changed(self) -> tuple[models.Model, dict[str, Any]]:
        """The row with its new values, not saved, and these values."""
        row = self.model._base_manager.filter(**self.row).order_by("pk").first()
        assert row is not None, f"The demo school has no {self.model.__name__} for {self.rule}."
        values = self.changes(row) if callable(self.changes) else self.changes
        for name, value in values.items():
            setattr(row, name, value)
        return row, values

    def assert_refused_by_database(self) -> None:
        """An update past the model ends in the constraint of the rule's name."""
        row, values = self.changed()
        with pytest.raises(IntegrityError, match=self.rule), transaction.atomic():
            self.model._base_manager.filter(pk=row.pk).update(**values)


def models_of(app: str) -> list[type[Audited]]:
    """The audited models of an app."""
    return [model for model in apps.get_app_config(app).get_models() if issubclass(model, Audited)]


def rules_of(model: type[Audited]) -> list[Any]:
    """Every rule of a model that refuses a row by its own values or a related row's."""
    rows = [rule for rule in model._meta.constraints if isinstance(rule, RowRule)]
    return [*rows, *model.related_rules]


def assert_all_refused(
    app: str, cases: Iterable[Broken], subtests: Any, enforced_by_model: Iterable[str] = ()
) -> None:
    """Every rule of the app's models refuses, at its field, with its sentence.

    `enforced_by_model` are the rules that the model keeps by itself: no form can break them.
    """
    cases = list(cases)
    known = {rule.name for model in models_of(app) for rule in rules_of(model)}
    assert {case.rule for case in cases} | set(enforced_by_model) == known
    for case in cases:
        with subtests.test(case.rule):
            _assert_refused(case)


def _assert_refused(case: Broken) -> None:
    rules = [rule for rule in rules_of(case.model) if rule.name == case.rule]
    row, _values = case.changed()
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    for rule in rules:
        message = str(getattr(rule, "violation_error_message", "") or rule.message)
        texts = refused.value.message_dict.get(rule.field) or refused.value.message_dict["__all__"]
        assert message in texts
        assert texts.count(message) == 1
        if isinstance(rule, RowRule):
            case.assert_refused_by_database()


def assert_no_twins(app: str, subtests: Any) -> None:
    """Every unique rule refuses a copy of a row, at its field, and stands in the database."""
    for model in models_of(app):
        rules = [rule for rule in model._meta.constraints if isinstance(rule, UniqueRule)]
        for rule in rules:
            with subtests.test(rule.name):
                _assert_unique(model, rule)


def _assert_unique(model: type[Audited], rule: UniqueRule) -> None:
    rows = model._base_manager.exclude(**{f"{name}__isnull": True for name in rule.fields})
    twin = (rows.filter(rule.condition) if rule.condition else rows).order_by("pk").first()
    assert twin is not None
    twin.pk, twin._state.adding = None, True
    with pytest.raises(ValidationError) as refused:
        twin.full_clean()
    assert str(rule.violation_error_message) in refused.value.message_dict[rule.field]
    with connection.cursor() as cursor:
        held = connection.introspection.get_constraints(cursor, model._meta.db_table)
    columns = [model._meta.get_field(name).column for name in rule.fields]
    assert (held[rule.name]["unique"], held[rule.name]["columns"]) == (True, columns)
