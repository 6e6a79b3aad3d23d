"""The form by which a reader narrows the timeline."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.admin_site.permissions.roles import ROLES
from backoffice.admin_site.row_select import THEMED, RowSelect
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.anomalies import histories
from backoffice.audit.reports.scope import HistoryScope
from backoffice.audit.reports.timeline import TimelineQuery

ANY = ("", _("any"))


def _row(label: Any, source: str, name: str, blank: Any = ANY[1]) -> forms.ModelChoiceField:
    reference = apps.get_model(source)._meta.get_field(name)
    return forms.ModelChoiceField(
        reference.related_model._base_manager.all(),
        label=label,
        required=False,
        widget=RowSelect(
            reference,
            admin.site,
            attrs={"class": THEMED, "data-placeholder": blank},
        ),
        error_messages={"invalid_choice": _("There is no such row. Choose one from the list.")},
    )


def _choice(label: Any, choices: Any = ()) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=[ANY, *choices], widget=UnfoldAdminSelectWidget
    )


def _day(label: Any) -> forms.DateField:
    widget = UnfoldAdminDateWidget(attrs={"placeholder": _("any, or like 2026-05-31")})
    return forms.DateField(label=label, required=False, widget=widget)


def model_choices() -> list[tuple[str, str]]:
    metas = (each.instance_type._meta for each in histories())
    return sorted(
        ((opts.label_lower, capfirst(opts.verbose_name_plural)) for opts in metas),
        key=lambda pair: pair[1],
    )


class TimelineForm(forms.Form):
    """What a reader asks for; everything may stay blank."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = get_user_model()._meta.get_field("role").choices
        working = [pair for pair in held if pair[0] in ROLES]
        self.fields |= {
            "person": _row(_("Who did it"), "audit.ChangeSet", "actor"),
            "role": _choice(_("Role of whoever did it"), working),
            "source": _choice(_("Through"), ChangeSet.Source.choices),
            "model": _choice(_("Kind of row"), model_choices()),
            "course": _row(_("Course"), "users.Enrollment", "course"),
            "student": _row(_("Whose record"), "users.Enrollment", "student"),
            "since": _day(_("From")),
            "until": _day(_("Until")),
            "batch": forms.IntegerField(
                label=_("Number of the import"),
                required=False,
                min_value=1,
                max_value=2**63 - 1,
                widget=UnfoldAdminIntegerFieldWidget(attrs={"placeholder": ANY[1]}),
            ),
            "unexplained": forms.BooleanField(
                label=_("Only without a reason"), required=False, widget=UnfoldBooleanSwitchWidget
            ),
        }

    def query(self) -> TimelineQuery:
        # What makes no sense filters nothing, and its field says so.
        self.full_clean()
        values = dict(self.cleaned_data)
        touched = HistoryScope(
            model=values.pop("model", ""),
            student=getattr(values.pop("student", None), "pk", None),
            course=getattr(values.pop("course", None), "pk", None),
        )
        person = getattr(values.pop("person", None), "pk", None)
        return TimelineQuery(touched=touched, person=person, **values)

    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())


class RecordForm(forms.Form):
    """Whose record is read, and which kind of rows of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {
            "student": _row(
                _("Person"), "users.Enrollment", "student", _("Search for a name or a student ID")
            ),
            "model": forms.CharField(required=False, widget=forms.HiddenInput),
        }
        self.full_clean()

    def person(self) -> Any:
        return self.cleaned_data.get("student")

    def kind(self) -> str:
        label = self.cleaned_data.get("model", "")
        return label if label in dict(model_choices()) else ""
