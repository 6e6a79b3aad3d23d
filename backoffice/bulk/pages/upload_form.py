"""The upload form."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.admin_site.models.full_disk import full_disk_sentence, is_full_disk
from backoffice.audit.admin_kit.actions import SHORTEST_REASON, is_too_short
from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Limits
from backoffice.bulk.values.faults import FileRefused

ACCEPTED = ".csv,.tsv,.txt,.xlsx,.xls,.zip"  # .xls: text of Blackboard is called so
LONGEST_REASON = 500  # characters


def refuse_large(file: Any) -> None:
    """Raises ValidationError before anything is stored; the reader checks the rest."""
    try:
        Limits.from_settings().check_size(file.size)
    except FileRefused as refusal:
        raise forms.ValidationError(refusal.message, code=refusal.code) from refusal


@contextmanager
def full_disk_on(form: forms.Form) -> Iterator[None]:
    """A full disk met within becomes an error of the form."""
    try:
        yield
    except Exception as error:
        if not is_full_disk(error):
            raise
        form.add_error("file", full_disk_sentence())


def reason_field(help_text: Any) -> forms.CharField:
    """The reason of an import or an undo, for the history of its rows."""
    return forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text=help_text,
    )


# What is so while a switch is off, and once it is on.
SWITCHES: dict[str, tuple[Any, Any]] = {
    "create_students": (_("Unknown students are an error."), _("Unknown students are added.")),
    "allow_over_limit": (
        _("A full course takes nobody more."),
        _("A full course takes more, for the reason."),
    ),
    "allow_similar": (
        _("A student like a known one is an error."),
        _("A student like a known one is added."),
    ),
    "ignore_unknown_columns": (
        _("An unknown column refuses the file."),
        _("Unknown columns are ignored."),
    ),
}
OFF_AND_ON = (_("off"), _("on"))
# What is so while a text is blank.
BLANKS: dict[str, Any] = {
    "encoding": _("Recognised: UTF-8, UTF-16 and Excel."),
    "reason": _("No reason is entered."),
}


class OptionNow(NamedTuple):
    """A field of the form, and in words what it makes so; the page follows what is entered."""

    field: forms.BoundField
    now: Any
    off: Any = ""
    on: Any = ""
    blank: Any = ""


class FilesInput(UnfoldAdminFileFieldWidget):
    """Chooses several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; each has to be one."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        clean = super().clean
        # Without a file the parent class raises its own message.
        return [clean(each, initial) for each in data or [None]]


class UploadForm(forms.Form):
    """A file, and how to read it."""

    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        max_length=255,
        validators=[refuse_large],
    )
    create_students = forms.BooleanField(
        label=_("Create students"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Students the file names and nobody knows yet are added with their names."),
    )
    allow_similar = forms.BooleanField(
        label=_("Allow similar people"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_(
            "Somebody new is created although the student ID differs from a known one only in "
            "letter case, zeros in front, width, blanks or hyphens; each is pointed out."
        ),
    )
    allow_over_limit = forms.BooleanField(
        label=_("Allow over the limit"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("A full course takes more, for the reason below; each row is pointed out."),
    )
    ignore_unknown_columns = forms.BooleanField(
        label=_("Ignore unknown columns"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Otherwise a column this page does not list refuses the file."),
    )
    mode = forms.ChoiceField(
        label=_("Known rows"), choices=Batch.Mode.choices, widget=UnfoldAdminSelectWidget
    )
    on_error = forms.ChoiceField(
        label=_("Wrong rows"), choices=Batch.OnError.choices, widget=UnfoldAdminSelectWidget
    )
    encoding = forms.CharField(
        label=_("Encoding"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Leave blank for UTF-8, UTF-16 and Excel. Old exports may need cp1252."),
    )
    dialect = forms.ChoiceField(
        label=_("Format"),
        choices=Batch.SourceFormat.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "Files of other systems, such as Canvas and Moodle, are known by their header."
        ),
    )
    reason = reason_field(_("Stands in the history of every row this file changes."))

    def __init__(self, resource: type[ImportKind], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._narrow(resource)

    def _narrow(self, resource: type[ImportKind]) -> None:
        """Remove the fields and choices this kind does not have."""
        if not (resource.companion and resource.companion.option):
            del self.fields["create_students"]
        if not resource.creates_people():
            del self.fields["allow_similar"]
        if not resource.has_capacity():
            del self.fields["allow_over_limit"]
        if not resource.missing_rows:
            known = [choice for choice in Batch.Mode.choices if choice[0] != Batch.Mode.SYNC]
            self.fields["mode"].choices = known

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("allow_over_limit") and is_too_short(cleaned.get("reason") or ""):
            message = _("Say in at least %(count)d characters why the limit does not hold.")
            error = forms.ValidationError(message % {"count": SHORTEST_REASON}, code="required")
            self.add_error("reason", error)
        return cleaned

    @property
    def has_wrong_options(self) -> bool:
        """Whether an error stands at a field that is folded away."""
        return any(name != "file" for name in self.errors)

    def options_now(self) -> Iterator[OptionNow]:
        """Every field but the file, and what is so now."""
        for name in self.fields:
            bound = self[name]
            value = bound.value()
            if isinstance(bound.field, forms.BooleanField):
                off, on = SWITCHES.get(name, OFF_AND_ON)
                yield OptionNow(bound, on if value else off, off=off, on=on)
            elif isinstance(bound.field, forms.ChoiceField):
                labels = dict(bound.field.choices)
                yield OptionNow(bound, labels.get(value) or next(iter(labels.values())))
            elif name != "file":
                blank = BLANKS.get(name, "")
                yield OptionNow(bound, value or blank, blank=blank)

    def options(self) -> dict[str, Any]:
        chosen = {name: value for name, value in self.cleaned_data.items() if name != "file"}
        return chosen | {"dialect": chosen["dialect"] or Batch.SourceFormat.AUTO}


class DeliveryForm(UploadForm):
    """Several files, each of a kind of its own, and how to read them."""

    file = FilesField(
        label=_("Files"),
        widget=FilesInput(attrs={"accept": ACCEPTED}),
        max_length=255,
        validators=[refuse_large],
        help_text=_("Choose several at once, or a zip file of them."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(ImportKind, *args, **kwargs)
        unknown = _("Otherwise a column that its kind does not have refuses a file.")
        self.fields["ignore_unknown_columns"].help_text = unknown

    def _narrow(self, resource: type[ImportKind]) -> None:
        """Keep all fields: some of the files may have what others do not."""
