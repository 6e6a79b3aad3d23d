"""The theme's filters, where ours ask the database less or get right what these do not."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm


class LabelledChoiceField(forms.ModelChoiceField):
    """A chosen row that is only shown: the list itself has asked the database for it."""

    def clean(self, value: Any) -> Any:
        return value


class RelatedRowForm(AutocompleteDropdownForm):
    """The theme's form; it fetches the chosen row for its name only, with what the name is of."""

    field = LabelledChoiceField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.queryset = field.queryset.select_related()


class RelatedRowFilter(AutocompleteSelectFilter):
    """The theme's filter by a row of another model, with fewer questions."""

    form_class = RelatedRowForm


class MomentsFilter(RangeDateTimeFilter):
    """A range of moments in the reader's time zone; without a time of day, whole days."""

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        first, last = self._moment("from", time.min), self._moment("to", time.max)
        lookups = {f"{self.parameter_name}__gte": first, f"{self.parameter_name}__lte": last}
        return queryset.filter(**{lookup: moment for lookup, moment in lookups.items() if moment})

    def _moment(self, end: str, otherwise: time) -> datetime | None:
        """What was entered; None where that is no date."""
        values = (self.used_parameters.get(f"{self.parameter_name}_{end}_{at}") for at in (0, 1))
        day, hour = ("" if each is None else str(each) for each in values)
        try:
            on, at = parse_date(day), parse_time(hour)
        except ValueError:
            return None
        return timezone.make_aware(datetime.combine(on, at or otherwise)) if on else None


REPLACEMENTS = {AutocompleteSelectFilter: RelatedRowFilter, RangeDateTimeFilter: MomentsFilter}
