"""Forms that map the school's own words for roles and states to values."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.kinds.value_words import (
    LEFT_OUT,
    meaning_choices,
    meanings_for,
    word_column_choices,
    word_columns,
    word_kinds,
)
from backoffice.bulk.models import Batch, ValueMapping
from backoffice.bulk.pages.mappings.header_forms import LEAVE, NOTHING

LEAVE_OUT = gettext_lazy("leave such rows out")


class ValueMappingForm(OptimisticLockForm):
    """A word and its value; of a stored mapping only the values of its column."""

    class Meta:
        model = ValueMapping
        fields = ("kind", "column", "word", "meaning")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, column = self.instance.kind, self.instance.column
        is_known = kind in kinds and column in word_columns(kinds[kind])
        meanings = meanings_for(kind, column) if is_known else meaning_choices()
        choices = {"kind": word_kinds(), "column": word_column_choices(), "meaning": meanings}
        for name, values in choices.items():
            # The theme would choose the first by itself.
            if name in self.fields:
                self.fields[name].choices = [NOTHING, *values]


class UnknownValuesForm(forms.Form):
    """The unknown values of a file, and what each may stand for."""

    def __init__(self, batch: Batch, *args: Any) -> None:
        super().__init__(*args)
        unknown = [(column, w) for column, words in batch.unknown_values.items() for w in words]
        self.values = {f"value_{at}": each for at, each in enumerate(unknown)}
        for name, (column, word) in self.values.items():
            values = [each for each in meanings_for(batch.kind, column) if each[0] != LEFT_OUT]
            self.fields[name] = forms.ChoiceField(
                label=_("%(column)s “%(value)s”") % {"column": column, "value": word},
                choices=[("", LEAVE), (LEFT_OUT, LEAVE_OUT), *values],
                required=False,
                widget=UnfoldAdminSelectWidget,
            )

    def clean(self) -> dict[str, Any]:
        if not any(self.cleaned_data.values()) and not self.errors:
            raise ValidationError(_("Choose a meaning for at least one value."))
        return self.cleaned_data

    @property
    def meanings(self) -> dict[tuple[str, str], str]:
        """By column and word, what was chosen."""
        return {self.values[name]: each for name, each in self.cleaned_data.items() if each}

    @property
    def error_messages(self) -> list[str]:
        labels = {name: str(field.label) for name, field in self.fields.items()}
        return [
            f"{labels.get(name, '')} {error}".strip()
            for name, errors in self.errors.items()
            for error in errors
        ]


def unknown_values_form(batch: Batch, person: Any, *args: Any) -> UnknownValuesForm | None:
    """The form for a file with values that nobody knows; None for other files and persons."""
    is_open = batch.file and batch.state in (Batch.State.REFUSED, *Batch.DECIDABLE)
    if not (is_open and batch.unknown_values and may(person, "add", ValueMapping)):
        return None
    return UnknownValuesForm(batch, *args)
