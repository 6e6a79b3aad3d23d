"""The export page: all rows of a kind a person may export, or those of one course."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.admin_site.roles import may
from backoffice.admin_site.spreadsheets import download
from backoffice.admin_site.visibility import permitted
from backoffice.audit.access import note_export
from backoffice.bulk.exporting import exported_selection
from backoffice.bulk.formats.exporting import lines_in
from backoffice.bulk.models import Batch
from backoffice.bulk.resources import KindResource, kinds_for


class ExportForm(forms.Form):
    """Which rows."""

    kind = forms.ChoiceField(label=gettext_lazy("Rows"), widget=UnfoldAdminSelectWidget)
    course = forms.CharField(
        label=gettext_lazy("Course code"), required=False, widget=UnfoldAdminTextInputWidget
    )
    dialect = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[each for each in Batch.Dialect.choices if each[0] != Batch.Dialect.AUTO],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    presentation = forms.CharField(
        label=gettext_lazy("Presentation"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Leave both blank for the rows of all courses."),
    )

    def __init__(self, mine: dict[str, type[KindResource]], user: Any, *args: Any) -> None:
        super().__init__(*args)
        self.mine, self.user = mine, user
        names = [(name, capfirst(str(resource.label))) for name, resource in mine.items()]
        self.fields["kind"].choices = names

    def clean(self) -> dict[str, Any]:
        """Find the rows; a course without any is told at once, not in an empty file."""
        given = super().clean() or {}
        if self.errors:
            return given
        resource = self.mine[given["kind"]]
        rows = permitted(resource.exportable(), self.user, "export")
        try:
            chosen = exported_selection(resource, rows, given["course"], given["presentation"])
            lines = lines_in(given["dialect"] or Batch.Dialect.NATIVE, resource, chosen)
        except ValueError as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return given | {"resource": resource, "rows": chosen, "lines": lines}


class ExportPages:
    """The view of the export page, for the batch admin."""

    def get_urls(self) -> list[URLPattern]:
        """The export page before the others."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="bulk_batch_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Choose, then download as a stream; a GET with a choice changes nothing, so it is one."""
        mine = kinds_for(lambda model: may(request.user, "export", model))
        if not mine:
            raise PermissionDenied
        form = ExportForm(mine, request.user, request.GET or None)
        if form.is_bound and form.is_valid():
            found = form.cleaned_data
            note_export(request, found["resource"]._meta.model, found["rows"].count())
            return download(f"{found['kind']}.csv", found["lines"])
        context = {"title": _("Export"), "form": form, **self.admin_site.each_context(request)}
        return TemplateResponse(request, "bulk/export.html", context)
