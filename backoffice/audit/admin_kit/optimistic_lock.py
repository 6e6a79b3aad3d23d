"""Forms that overwrite nothing unseen.

A form carries digests of the values it was opened with. When it is posted, the row is locked and
compared: fields one has not touched take the stored value, for the others one chooses.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import Any

from django import forms
from django.contrib.admin.utils import display_for_field
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.forms import PaginationInlineFormSet

from backoffice.admin_site.pages.history import readable
from backoffice.audit.models import ChangeSet

OPENED_DIGESTS_FIELD, CHOICE_PREFIX, OPENED = "_seen", "_take-", "at"
MOST_VERSIONS = 20  # versions of a row among which the change is looked for
OpenedDigests = dict[str, Any]


def watched(model: type[models.Model]) -> list[models.Field]:
    """The fields people fill in: not those that every save or the database itself sets."""
    return [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key or field.generated or getattr(field, "auto_now", False))
    ]


def digest(value: Any) -> str:
    """A short name of a value, 12 hexadecimal digits: equal for equal values."""
    return hashlib.blake2b(repr(value).encode(), digest_size=6).hexdigest()


def digests(row: models.Model, names: Iterable[str]) -> dict[str, str]:
    # Of the fields in the form only: a digest of a hidden value could be guessed.
    fields = [field for field in watched(type(row)) if field.name in names]
    return {field.name: digest(plain(field, row)) for field in fields}


def plain(field: models.Field, row: models.Model) -> Any:
    """A field's value in a row or in a version of it, fit to be compared."""
    value = getattr(row, field.attname)
    # A history keeps the name of a file alone.
    is_file = isinstance(field, models.FileField)
    return getattr(value, "name", value) if is_file else field.to_python(value)


def name_of(row: models.Model) -> str:
    return f"{row._meta.label_lower}:{row.pk}"


def opened_digests_in(data: Any) -> OpenedDigests:
    try:
        parsed = json.loads(data.get(OPENED_DIGESTS_FIELD) or "{}")
    # Forged data counts as none; the form is then refused as unseen.
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True)
class Conflict:
    """A field that somebody changed while it was being edited."""

    field: str
    label: str
    stored: str
    entered: str
    is_touched: bool
    who: str
    when: Any


class OptimisticLockForm(forms.ModelForm):
    """A form that compares with the stored row before it saves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflicts: list[Conflict] = []
        self.opened_digests: OpenedDigests = opened_digests_in(self.data) if self.is_bound else {}
        if self.is_bound and self.instance.pk:
            self._apply_choices()

    def _apply_choices(self) -> None:
        names = [name for name in self.fields if name != DELETION_FIELD_NAME]
        chosen = [n for n in names if self.data.get(CHOICE_PREFIX + self.add_prefix(n)) == "theirs"]
        # The chosen stored value stands in the form as if typed.
        for name in chosen:
            self.put(name, getattr(self.instance, self._attname(name)))

    def _attname(self, name: str) -> str:
        return self._meta.model._meta.get_field(name).attname

    def put(self, name: str, value: Any) -> None:
        """Set what the form sends for a field."""
        self.data = self.data.copy()
        bound, widget = self[name], self.fields[name].widget
        if isinstance(widget, forms.MultiWidget):
            pairs = zip(widget.widgets_names, widget.widgets, widget.decompress(value), strict=True)
            for suffix, each, part in pairs:
                self.data[bound.html_name + suffix] = each.format_value(part) or ""
            return
        prepared = self.fields[name].prepare_value(value)
        if isinstance(widget, forms.CheckboxInput):
            prepared = "on" if value else ""
        self.data[bound.html_name] = "" if prepared is None else prepared

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.instance._state.adding and (self.has_changed() or not self.prefix):
            self._check_stored()
        return cleaned

    def _check_stored(self) -> None:
        # Locked until the transaction ends: nobody can change it between look and save.
        rows = type(self.instance)._base_manager.select_for_update()
        stored = rows.filter(pk=self.instance.pk).first()
        if stored is None:
            raise ValidationError(_("Somebody deleted this while you were editing."), "deleted")
        for field in watched(type(stored)):
            if field.name not in self.fields:
                setattr(self.instance, field.attname, getattr(stored, field.attname))
        before, now = self.opened_digests.get(name_of(stored)), digests(stored, self.fields)
        if not isinstance(before, dict):
            raise ValidationError(
                _("This form does not say what it was opened with. Open the page again."), "unseen"
            )
        self.conflicts = list(self._conflicts(stored, before, now))
        if self.conflicts:
            self._report_conflicts(stored, before, now)

    def _report_conflicts(
        self, stored: models.Model, before: OpenedDigests, now: dict[str, str]
    ) -> None:
        # Saving again then means it: it is compared with what is shown now.
        self.opened_digests[name_of(stored)] = now
        for conflict in self.conflicts:
            if not conflict.is_touched:
                self.put(conflict.field, getattr(stored, self._attname(conflict.field)))
        # A row of an inline that nobody touched here keeps what is stored.
        if self.prefix and not self._is_touched(stored, before):
            self.changed_data = []
        else:
            self.add_error(None, ValidationError(self._conflict_message(), "stale"))

    def _is_touched(self, stored: models.Model, before: OpenedDigests) -> bool:
        fields = [field for field in watched(type(stored)) if field.name in self.fields]
        values = (digest(self._entered_value(field)) != before.get(field.name) for field in fields)
        return any(values) or bool(self.cleaned_data.get(DELETION_FIELD_NAME))

    def _conflicts(self, stored: models.Model, before: OpenedDigests, now: dict[str, str]) -> Any:
        for field in watched(type(stored)):
            name = field.name
            if name not in self.fields or before.get(name) == now[name]:
                continue
            entered = self._entered_value(field)
            if digest(entered) == now[name]:
                continue  # both typed the same
            who, when = last_change(stored, field)
            yield Conflict(
                name, str(self[name].label), display_value(field, getattr(stored, field.attname)),
                display_value(field, entered), digest(entered) != before.get(name), who, when,
            )  # fmt: skip

    def _entered_value(self, field: models.Field) -> Any:
        """What this form would store; the text as typed where it is refused anyway."""
        value = self.cleaned_data.get(field.name)
        value = value.pk if isinstance(value, models.Model) else value
        if isinstance(field, models.FileField):
            return getattr(value, "name", value) or ""
        try:
            blank = None if field.null else ""
            return field.to_python(value) if value not in (None, "") else blank
        except ValidationError:
            return value

    def _conflict_message(self) -> str:
        if self.prefix:
            values = ", ".join(f"{each.label}: {each.stored}" for each in self.conflicts)
            return _(
                "%(who)s changed this row while you were editing; it now has %(values)s. Save "
                "again to store what you see here instead."
            ) % {"who": self.conflicts[0].who, "values": values}
        return _(
            "Nothing was saved: somebody else changed this while you were editing. Look at what "
            "is different below, choose, and save again."
        )


class OptimisticLockFormSet(PaginationInlineFormSet):
    """Inline rows: none is deleted with changes one has not seen, or against a rule."""

    def clean(self) -> None:
        super().clean()
        changed = [form for form in self.deleted_forms if getattr(form, "conflicts", ())]
        if changed:
            raise ValidationError([form._conflict_message() for form in changed], "stale")
        refusals = [
            form.instance.deletion_refusal() for form in self.deleted_forms if form.instance.pk
        ]
        if any(refusals):
            raise ValidationError([str(why) for why in refusals if why], "kept")


def last_change(row: models.Model, field: models.Field) -> tuple[str, Any]:
    """Who gave the field of a row its value, and when."""
    history = type(row).history.model
    if not any(each.name == field.name for each in history._meta.fields):
        return _("Somebody"), None
    versions = history.objects.filter(**{row._meta.pk.attname: row.pk})
    versions = versions.select_related("change_set").order_by("-history_id")[:MOST_VERSIONS]
    stored = digest(plain(field, row))
    same = list(takewhile(lambda version: digest(plain(field, version)) == stored, versions))
    origin = same[-1] if same else None
    if origin is None or not origin.change_set:
        return _("Somebody"), None
    # Of SQL the change set names a database role, not a person.
    if origin.change_set.source == ChangeSet.Source.SQL:
        return _("Somebody"), origin.history_date
    return origin.change_set.actor_name or _("The system"), origin.history_date


def display_value(field: models.Field, value: Any) -> str:
    if value in (None, ""):
        return _("blank")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if field.is_relation:
        row = field.related_model._base_manager.filter(pk=value).first()
        return str(row) if row else str(value)
    if isinstance(value, Decimal):
        return str(readable(field, value))
    return str(display_for_field(value, field, _("blank")))


def stored_forms(inlines: Iterable[Any]) -> Iterator[Any]:
    for inline in inlines:
        for form in inline.formset.initial_forms:
            yield form
            yield from stored_forms(getattr(form, "nested_formsets", ()))


class OptimisticLockMixin:
    """Gives a model admin such forms."""

    form: Any = OptimisticLockForm  # beside the one of ModelAdmin, which is typed by its model
    change_form_before_template = "audit/form_top.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        inlines = context.get("inline_admin_formsets", ())
        context["opened_digests"] = json.dumps(
            self._opened_digests(form, list(stored_forms(inlines)))
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def _opened_digests(self, form: Any, inline: list[Any]) -> OpenedDigests:
        if form.is_bound:
            # After a refusal: what it was opened with, and the conflicts shown since.
            learned = [each for each in inline if getattr(each, "conflicts", ())]
            updates = {name_of(e.instance): e.opened_digests[name_of(e.instance)] for e in learned}
            return form.opened_digests | updates
        opened_forms = [*inline, form] if form.instance.pk else inline
        current = {
            name_of(each.instance): digests(each.instance, each.fields) for each in opened_forms
        }
        return {OPENED: timezone.now().isoformat()} | current
