"""The export of a changelist: the rows it shows now, or those selected in it."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from backoffice.admin_site.changelist.changelist import AFTER, BEFORE, LAST
from backoffice.admin_site.pages.related_links import list_of
from backoffice.bulk.export.download import FORMATS, handed_out
from backoffice.bulk.export.selection import Selection, exportable_kinds
from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.values.refusals import ExportRefused

PLACES = (PAGE_VAR, ALL_VAR, ERROR_FLAG, AFTER, BEFORE, LAST)  # which page, not which rows


class ListExport:
    """Adds the export to the changelist of a kind, for users who may export some of its rows."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<str:ending>/", view, name=self._export_name), *super().get_urls()]

    @property
    def _export_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export_list"

    def _exported_kind(self, request: HttpRequest) -> type[ImportKind] | None:
        exportable = exportable_kinds(request.user).values()
        return next((each for each in exportable if each.listed_model() is self.model), None)

    def export_view(self, request: HttpRequest, ending: str) -> HttpResponse:
        """The rows as the filters of the changelist narrow them.

        Raises PermissionDenied for who may export none, Http404 for an unknown format.
        """
        if self._exported_kind(request) is None:
            raise PermissionDenied
        if ending not in FORMATS:
            raise Http404
        try:
            # The URL has the query of the changelist: the same filters and the same search.
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(list_of(self.model, **{ERROR_FLAG: 1}))
        return self._handed_out(request, rows, ending)

    def _handed_out(
        self, request: HttpRequest, rows: models.QuerySet[Any], ending: str
    ) -> HttpResponse:
        selection = Selection.for_user(self._exported_kind(request), request.user)
        try:
            return handed_out(request, selection.among(rows), ending)
        except ExportRefused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(f"{list_of(self.model)}?{_narrowed(request).urlencode()}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if self._exported_kind(request) is not None:
            for ending, form in FORMATS.items():
                name, label = f"export_{ending}", _("Export as %(format)s")
                do = partial(_export_selected, ending)
                actions[name] = (do, name, label % {"format": form.label})
        return actions

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        context = getattr(answer, "context_data", None) or {}
        if "actions_list" in context and self._exported_kind(request) is not None:
            context["actions_list"] = [*context["actions_list"], self._menu(request)]
        return answer

    def _menu(self, request: HttpRequest) -> dict[str, Any]:
        name, query = f"admin:{self._export_name}", _narrowed(request)
        items = [
            {"title": form.label, "path": reverse(name, args=[ending], query=query)}
            for ending, form in FORMATS.items()
        ]
        return {
            "title": _("Export these rows"),
            "icon": "download",
            "method_name": "Export",
            "items": items,
        }


def _narrowed(request: HttpRequest) -> QueryDict:
    query = request.GET.copy()
    for name in PLACES:
        query.pop(name, None)
    return query


def _export_selected(
    ending: str, admin: ListExport, request: HttpRequest, queryset: models.QuerySet[Any]
) -> HttpResponse:
    return admin._handed_out(request, queryset, ending)
