"""All models of the business tried, one after the other, in a transaction that is rolled back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction

from backoffice.operations.model_trial.constraints import try_constraints
from backoffice.operations.model_trial.examples import Examples, Model
from backoffice.operations.model_trial.lists import Timing, timed_lists
from backoffice.operations.model_trial.relations import try_relations
from backoffice.operations.model_trial.rows import (
    Broken,
    try_changing,
    try_deleting,
    try_reading,
    try_seeing,
)

PROJECT, BUSINESS = "backoffice.", "backoffice.apps."
Check = Callable[[Any, Examples], int]
# Deleting needs a row that nothing refers to yet; the others want all examples in place.
WHILE_ALONE: dict[str, Check] = {
    "read": try_reading,
    "changed": try_changing,
    "deleted": try_deleting,
}
TOGETHER: dict[str, Check] = {
    "relations": try_relations,
    "constraints": try_constraints,
    "seen": try_seeing,
}


@dataclass
class Trial:
    """The result for one model: what was counted, or what is wrong, as a sentence."""

    model: Model
    stored: int
    counts: dict[str, int] = field(default_factory=dict)
    timings: list[Timing] = field(default_factory=list)
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.model._meta.label}: {self.fault or 'works'}"

    @property
    def details(self) -> str:
        return (
            f"made, found by key, changed and deleted, with history; relations walked: "
            f"{self.counts['relations']}; constraints that refused a violation: "
            f"{self.counts['constraints']}; kinds of people asked what they see: "
            f"{self.counts['seen']}; rows stored: {self.stored}"
        )


def try_models(*chosen: Model, with_lists: bool = False) -> list[Trial]:
    """Try the models, all where none are chosen, and roll everything back."""
    with transaction.atomic():
        trials = [Trial(each, each._base_manager.count()) for each in chosen or models_to_try()]
        examples = Examples()
        for checks in (WHILE_ALONE, TOGETHER):
            for trial in trials:
                _try(trial, checks, examples)
        for trial in trials:
            if with_lists and not trial.fault:
                trial.timings = timed_lists(trial.model)
        transaction.set_rollback(True)
    return trials


def models_to_try() -> list[Model]:
    """Each model after those it refers to, without history tables.

    These are all models of the business, and those of other packages that have a history.
    """
    candidates = [
        model
        for config in apps.get_app_configs()
        if config.name.startswith(PROJECT)
        for model in config.get_models()
        if config.name.startswith(BUSINESS) or hasattr(model, "history")
    ]
    histories = {model.history.model for model in candidates if hasattr(model, "history")}
    ordered: dict[Model, None] = {}
    for model in candidates:
        if model not in histories:
            _place(model, ordered, set(candidates) - histories)
    return list(ordered)


def _place(model: Model, ordered: dict[Model, None], known: set[Model]) -> None:
    targets = [each.related_model for each in model._meta.concrete_fields if each.is_relation]
    for target in targets:
        if target in known and target is not model and target not in ordered:
            _place(target, ordered, known)
    ordered.setdefault(model)


def _try(trial: Trial, checks: dict[str, Check], examples: Examples) -> None:
    before = examples.made()
    try:
        # A savepoint of its own: what fails leaves neither rows nor a broken transaction behind.
        with transaction.atomic():
            for name, check in checks.items() if not trial.fault else ():
                trial.counts[name] = check(examples.of(trial.model), examples)
    # A broken model may fail with anything; whatever it is belongs in its line of the report.
    except Exception as error:
        examples.retain(before)
        trial.fault = _fault_message(error)


def _fault_message(error: Exception) -> str:
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, ValidationError):
        return f"no valid row can be made: {' '.join(error.messages)}"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
