"""Fields that search for rows, with the theme's scripts, where no admin form is at hand."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from unfold.contrib.filters.forms import AutocompleteDropdownForm

THEMED = "unfold-filter-autocomplete"


def is_row_number(value: Any) -> bool:
    """Whether a text can be the number of a row: more than 18 digits are no bigint."""
    text = str(value)
    return text.isascii() and text.isdigit() and len(text) <= 18


class PlaceholderMixin:
    """The theme's scripts and style, and a placeholder that says what nothing chosen means."""

    attrs: dict[str, Any]

    @property
    def media(self) -> forms.Media:
        return forms.Media(AutocompleteDropdownForm.Media)

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # Django's own leaves the placeholder blank.
        attrs: dict[str, Any] = super().build_attrs(*args, **kwargs)  # type: ignore[misc]  # widget's
        return attrs | {"data-placeholder": self.attrs["data-placeholder"]}

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        # Django's own asks the database for whatever an address names.
        known = [each for each in value if is_row_number(each)]
        return super().optgroups(name, known, attrs)  # type: ignore[misc]  # the widget's


class RowSelect(PlaceholderMixin, AutocompleteSelect):
    """A search for one row."""


class RowSelectMultiple(PlaceholderMixin, AutocompleteSelectMultiple):
    """A search for several rows."""


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows by their numbers; what is no number is no row."""

    def clean(self, value: Any) -> Any:
        for each in value or ():
            if not is_row_number(each):
                raise forms.ValidationError(self.error_messages["invalid_choice"])
        return super().clean(value)
