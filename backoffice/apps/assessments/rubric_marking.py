"""Marking by a rubric: a row for each criterion, its levels to choose from, and their points."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.apps.assessments.models import RubricCriterion, RubricLevel
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm, OptimisticLockFormSet


class CriterionScoreForm(OptimisticLockForm):
    """The points for one criterion: those that are typed, or else those of the level."""

    def __init__(
        self, *args: Any, criteria: Iterable[RubricCriterion] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if criteria is not None and "criterion" in self.fields:
            self._offer(list(criteria))

    def _offer(self, criteria: list[RubricCriterion]) -> None:
        chosen = self.initial.get("criterion")
        levels = [(one, one.levels.all()) for one in criteria if chosen in (None, one.pk)]
        every = [level for _criterion, queryset in levels for level in queryset]
        named = [(one.pk, f"{one} ({_plain(one.max_points)})") for one in criteria]
        self._choices("criterion", criteria, named)
        groups = [(str(one), _pairs(one, queryset)) for one, queryset in levels]
        pairs = [pair for _name, options in groups for pair in options]
        self._choices("level", every, groups if chosen is None else pairs)
        self.fields["points"].required = False
        self.fields["points"].help_text = _("Blank means those of the level.")

    def _choices(self, name: str, rows: list[Any], choices: list[Any]) -> None:
        field: Any = self.fields[name]  # of a foreign key: it has a queryset, which Field has not
        field.queryset = field.queryset.model.objects.filter(pk__in=[row.pk for row in rows])
        field.widget = UnfoldAdminSelectWidget(choices=[("", "–"), *choices])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_blank = "points" in self.fields and cleaned.get("points") is None
        if is_blank and "points" not in self.errors:
            if level := cleaned.get("level"):
                cleaned["points"] = level.points
            else:
                self.add_error("points", _("Choose a level, or say how many points."))
        return cleaned


class CriterionScoreFormSet(OptimisticLockFormSet):
    """A row for each criterion of the rubric that has no points yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.criteria:
            scored = set(self.queryset.values_list("criterion", flat=True))
            open_ones = [one.pk for one in self.criteria if one.pk not in scored]
            self.initial_extra = [{"criterion": pk} for pk in open_ones]
            self.extra = len(open_ones)

    @cached_property
    def criteria(self) -> list[RubricCriterion] | None:
        rubric = self.instance.assessment.rubric if self.instance.pk else None
        return list(rubric.criteria.prefetch_related("levels")) if rubric else None

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_form_kwargs(index)
        return kwargs | {"criteria": self.criteria}


def _pairs(criterion: RubricCriterion, levels: Iterable[RubricLevel]) -> list[tuple[int, str]]:
    """The levels of a criterion, best first, with their points; of a range, where it ends."""
    ordered = sorted(levels, key=lambda level: -level.points)
    lower = [level.points for level in ordered[1:]] if criterion.has_ranges else []
    return [
        (level.pk, f"{level.title} ({_points(level.points, below)})")
        for level, below in zip_longest(ordered, lower)
    ]


def _points(best: Decimal, below: Decimal | None) -> str:
    if below is None or below == best:
        return _plain(best)
    text = _("%(most)s to more than %(below)s")
    return text % {"most": _plain(best), "below": _plain(below)}


def _plain(points: Decimal) -> str:
    return f"{points.normalize():f}"  # not 1E+2
