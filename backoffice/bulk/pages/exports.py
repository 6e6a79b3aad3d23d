"""The export page: all rows of a kind a person may export, or those of one course."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.admin_site.permissions.visibility import permitted
from backoffice.admin_site.row_select import THEMED, RowSelectMultiple, RowsField
from backoffice.bulk.export.download import FORMATS, handed_out
from backoffice.bulk.export.other_systems import is_gradebook, writer_for
from backoffice.bulk.export.selection import Selection, course_reference, exportable_kinds
from backoffice.bulk.formats.tables import TABLES
from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.models import Batch
from backoffice.bulk.values.refusals import ExportRefused

WRITTEN = {table.dialect for table in TABLES if table.written}
FOREIGN = [each for each in Batch.SourceFormat.choices if each[0] in WRITTEN]


def _courses(user: Any, *, is_wide: bool) -> RowsField:
    reference, help_text = course_reference(), _("Choose none for the rows of all courses.")
    if is_wide:
        help_text += " " + _("A gradebook for another system is of one course.")
    return RowsField(
        permitted(reference.related_model._default_manager.all(), user, "view"),
        label=_("Courses"),
        required=False,
        help_text=help_text,
        widget=RowSelectMultiple(
            reference, admin.site, attrs={"class": THEMED, "data-placeholder": _("all courses")}
        ),
        error_messages={"invalid_choice": _("There is no such course. Choose one from the list.")},
    )


def _by_number(data: Any) -> Any:
    """Addresses from before name one course by its code and presentation."""
    if data is None or not data.get("presentation"):
        return data
    fields = course_reference().related_model
    named = fields._default_manager.filter(
        code=data.get("course", ""), presentation=data["presentation"]
    )
    data = data.copy()
    data.setlist("course", [str(pk) for pk in named.values_list("pk", flat=True)] or ["-"])
    return data


class ExportForm(forms.Form):
    """Which rows, in what sort of file."""

    kind = forms.ChoiceField(label=gettext_lazy("Rows"), widget=UnfoldAdminSelectWidget)
    dialect = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[
            (Batch.SourceFormat.NATIVE, gettext_lazy("The columns an import takes")),
            *FOREIGN,
        ],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    format = forms.ChoiceField(
        label=gettext_lazy("Sort of file"),
        required=False,
        choices=[(ending, form.label) for ending, form in FORMATS.items()],
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("Excel takes 1,048,575 rows; CSV takes any number."),
    )

    def __init__(
        self, allowed_kinds: dict[str, type[ImportKind]], user: Any, data: Any = None
    ) -> None:
        super().__init__(_by_number(data))
        self.allowed_kinds, self.user = allowed_kinds, user
        names = [(name, capfirst(str(resource.label))) for name, resource in allowed_kinds.items()]
        self.fields["kind"].choices = names
        wide = any(is_gradebook(dialect, kind) for dialect, _n in FOREIGN for kind in allowed_kinds)
        self.fields["course"] = _courses(user, is_wide=wide)
        self.order_fields(("kind", "course"))

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or next(iter(FORMATS))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        # A course without rows is an error of the form here, and not an empty file.
        everything = Selection.for_user(self.allowed_kinds[values["kind"]], self.user)
        try:
            wide = is_gradebook(values["dialect"], values["kind"])
            chosen = everything.of_courses(list(values["course"]), may_be_empty=wide)
            write = writer_for(values["format"], values["dialect"], values["kind"])
        except ExportRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return values | {"selection": chosen, "write": write}


class ExportViewsMixin:
    """The view of the export page, for the batch admin."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="bulk_batch_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Raises PermissionDenied for a person who may export nothing."""
        allowed_kinds = exportable_kinds(request.user)
        if not allowed_kinds:
            raise PermissionDenied
        form = ExportForm(allowed_kinds, request.user, request.GET or None)
        if form.is_bound and form.is_valid():
            values = form.cleaned_data
            try:
                return handed_out(request, values["selection"], values["format"], values["write"])
            except ExportRefused as refusal:
                form.add_error(None, str(refusal))
        context = {"title": _("Export"), "form": form, **self.admin_site.each_context(request)}
        return TemplateResponse(request, "bulk/export.html", context)
