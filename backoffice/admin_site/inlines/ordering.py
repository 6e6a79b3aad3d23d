"""Inline rows that stand in an order: dragged or numbered by hand, and numbered anew from 1.

Two rows may change places, although the database lets no two have the same place at any moment.
"""

from itertools import count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

PLACE = "position"
LAST = 32_000  # less than a PositiveSmallIntegerField holds: rows step aside beyond it


class PlacedForm(forms.ModelForm):
    """A row whose place is settled by the formset, and may be left blank."""

    instance: Any  # a row of a model with rules (`Ruled`)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if PLACE in self.fields:
            self.fields[PLACE].required = False
            attrs = self.fields[PLACE].widget.attrs
            attrs["class"] = f"{attrs.get('class', '')} place"

    def has_changed(self) -> bool:
        """Whether there is more than a place; a new row without it is no row."""
        return bool(set(self.changed_data) - {PLACE}) or (
            PLACE in self.changed_data and bool(self.instance.pk)
        )

    # Django's stub leaves these two methods out.
    def _get_validation_exclusions(self) -> Any:
        return super()._get_validation_exclusions() | {PLACE}  # type: ignore[misc]

    def _post_clean(self) -> None:
        # That no other row has the place is for the formset to say: it knows where that one goes.
        self.instance._skipped_until_saved = frozenset({PLACE})
        super()._post_clean()  # type: ignore[misc]
        del self.instance._skipped_until_saved


class PlacedFormSet(forms.BaseInlineFormSet):
    """Gives every row a place of its own, from 1 in the order asked for."""

    model: type[models.Model]  # the factory has set it by then, which the stub cannot know

    def clean(self) -> None:
        """Number the rows anew, if any of them was added, moved or deleted.

        Raises ValidationError for more rows than can be numbered.
        """
        super().clean()
        rows = [form for form in self.forms if self._is_remaining(form)]
        if len(rows) > LAST:
            raise ValidationError(_("So many rows cannot be numbered."), code="too_many")
        if PLACE not in self.form.base_fields or not any(PLACE in f.changed_data for f in rows):
            rows = [form for form in rows if form.instance._state.adding]
            self._number(rows, start=self._highest() + 1)
        else:
            self._number(rows, start=1)

    def _is_remaining(self, form: Any) -> bool:
        is_row = form.instance.pk or form.has_changed()
        return is_row and form not in self.deleted_forms and hasattr(form, "cleaned_data")

    def _highest(self) -> int:
        own = [getattr(form.instance, PLACE) or 0 for form in self.initial_forms]
        return max([*own, *self._others], default=0)

    @cached_property
    def _others(self) -> set[int]:
        """The places of rows that somebody else added meanwhile: the page did not show them."""
        if self.instance.pk is None:
            return set()
        known = [form.instance.pk for form in self.forms if form.instance.pk]
        rows = self.model._base_manager.filter(**{self.fk.name: self.instance.pk})
        return set(rows.exclude(pk__in=known).values_list(PLACE, flat=True))

    def _number(self, rows: list[Any], start: int) -> None:
        positions = [(form.cleaned_data.get(PLACE), at) for at, form in enumerate(rows)]
        order = sorted(positions, key=lambda each: (each[0] is None, each[0] or 0, each[1]))
        free = (place for place in count(start) if place not in self._others)
        for place, (entered, at) in zip(free, order, strict=False):
            form = rows[at]
            setattr(form.instance, PLACE, place)
            form.cleaned_data[PLACE] = place
            # Otherwise Django saves no row whose place only we changed.
            if entered != place and PLACE not in form.changed_data:
                form.changed_data.append(PLACE)

    def save(self, commit: bool = True) -> Any:
        if self.initial_forms:
            self._shift_aside()
        return super().save(commit)

    def _shift_aside(self) -> None:
        stored = dict(self.get_queryset().values_list("pk", PLACE))
        initial = self.initial_form_count()
        deleted = [form for form in self.forms[:initial] if form in self.deleted_forms]
        moving = [form for form in self.forms[:initial] if form not in self.deleted_forms]
        occupied = {stored[f.instance.pk]: f for f in moving if f.instance.pk in stored}
        # Django saves in this order: deleted rows first, which leave their places free.
        self.forms[:initial] = deleted + swap_positions(moving, occupied, self._step_aside)

    def _step_aside(self, form: Any, occupied: dict[int, Any]) -> int:
        """Store a row at a place nobody has or wants, for the moment."""
        row = form.instance
        aside = type(row)._base_manager.get(pk=row.pk)
        targets = {_place_of(each) for each in occupied.values()}
        over = max(targets.union(occupied, self._others), default=0) + 1
        setattr(aside, PLACE, over)
        aside.save()
        return over


def swap_positions(moving: list[Any], occupied: dict[int, Any], step_aside: Any) -> list[Any]:
    """The forms in an order in which each finds its place free.

    `occupied` says which form stands at which place now. Where rows go round in a circle, one of
    them steps aside first.
    """
    at = {id(form): place for place, form in occupied.items()}
    order: list[Any] = []
    waiting = list(moving)
    while waiting:
        free = [form for form in waiting if occupied.get(_place_of(form), form) is form]
        if not free:
            form = waiting[0]
            place = step_aside(form, occupied)
            del occupied[at[id(form)]]
            at[id(form)], occupied[place] = place, form
            continue
        for form in free:
            if id(form) in at:
                del occupied[at.pop(id(form))]
            occupied[_place_of(form)] = form
            order.append(form)
        waiting = [form for form in waiting if form not in free]
    return order


def _place_of(form: Any) -> int:
    place: int = getattr(form.instance, PLACE)
    return place


class NextPlace(forms.ModelForm):
    """A form of a single row: without a place it comes last among those of the same parent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if PLACE in self.fields:
            self.fields[PLACE].required = False
            self.fields[PLACE].help_text = _("Left blank, it comes last.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        parent = self._meta.model.natural_key_fields[0]
        if PLACE in self.fields and not cleaned.get(PLACE) and cleaned.get(parent):
            rows = self._meta.model._base_manager.filter(**{parent: cleaned[parent]})
            highest = rows.aggregate(highest=models.Max(PLACE))["highest"] or 0
            cleaned[PLACE] = highest + 1
        return cleaned
