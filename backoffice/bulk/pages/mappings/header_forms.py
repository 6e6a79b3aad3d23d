"""Forms that map the school's own headers to columns."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm
from backoffice.bulk.kinds.header_names import (
    IGNORED,
    column_choices,
    columns_for,
    kind_choices,
    names_of,
    nearest,
    plain_name,
)
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, HeaderMapping
from backoffice.bulk.read.header_mapping import read_as, unknown_headers

# What a refused file may be read again for, once its headers have a meaning.
MENDED_BY_HEADERS = ("unknown_column", "missing_column")
NOTHING = ("", gettext_lazy("Select value"))
LEAVE = gettext_lazy("leave it unknown")
IGNORE = gettext_lazy("ignore this column")
# What is chosen beforehand has to be nearer than what is only asked: somebody may not look.
SURE_ENOUGH = 0.75


class HeaderMappingForm(OptimisticLockForm):
    """A header and its column; of a stored mapping only the columns of its kind."""

    class Meta:
        model = HeaderMapping
        fields = ("kind", "header", "column")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.instance.kind or self.initial.get("kind")
        columns = columns_for(kind) if kind in kinds else column_choices()
        for name, choices in (("kind", kind_choices()), ("column", columns)):
            # The theme would choose the first by itself.
            if name in self.fields:
                self.fields[name].choices = [NOTHING, *choices]


class UnknownHeadersForm(forms.Form):
    """The unknown headers of a refused file, and the column each may stand for."""

    def __init__(self, batch: Batch, *args: Any) -> None:
        super().__init__(*args)
        self.headers = {f"header_{at}": name for at, name in unknown_headers(batch).items()}
        free = _free_columns(batch)
        choices = [("", LEAVE), (IGNORED, IGNORE), *((name, name) for name in free)]
        for name, header in self.headers.items():
            guess = nearest(plain_name(header), free, SURE_ENOUGH)
            free = [column for column in free if column != guess]
            self.fields[name] = forms.ChoiceField(
                label=header,
                choices=choices,
                initial=guess,
                required=False,
                widget=UnfoldAdminSelectWidget,
            )

    def clean(self) -> dict[str, Any]:
        chosen = [column for column in self.cleaned_data.values() if column]
        if not chosen and not self.errors:
            raise ValidationError(_("Choose a column for at least one header."))
        twice = sorted({each for each in chosen if each != IGNORED and chosen.count(each) > 1})
        if twice:
            message = _("Two headers of one file cannot both be %(column)s.")
            raise ValidationError(message % {"column": twice[0]})
        return self.cleaned_data

    @property
    def columns(self) -> dict[str, str]:
        return {self.headers[name]: each for name, each in self.cleaned_data.items() if each}

    @property
    def error_messages(self) -> list[str]:
        return [
            f"{self.headers.get(name, '')} {error}".strip()
            for name, errors in self.errors.items()
            for error in errors
        ]


def _free_columns(batch: Batch) -> list[str]:
    used = {plain_name(name) for name in batch.header} | {column for _n, column in read_as(batch)}
    return [name for name in names_of(kinds[batch.kind]) if name not in used]


def unknown_headers_form(batch: Batch, person: Any, *args: Any) -> UnknownHeadersForm | None:
    """The form for a file that was refused for its headers; None for other files and persons."""
    is_refused = batch.state == Batch.State.REFUSED and batch.file and not batch.read_as
    if not is_refused or not may(person, "add", HeaderMapping):
        return None
    if not batch.issues.filter(code__in=MENDED_BY_HEADERS, row=0).exists():
        return None
    form = UnknownHeadersForm(batch, *args)
    return form if form.fields else None
