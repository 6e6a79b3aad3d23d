"""The history pages of a row, read-only, and only for those who may read this row's history.

The library's own pages do not ask `get_queryset()`: a colleague's rows would be readable.
"""

from datetime import datetime
from decimal import Decimal
from os.path import commonprefix
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from simple_history.admin import SimpleHistoryAdmin
from simple_history.models import DeletedObject
from simple_history.template_utils import HistoricalRecordContextHelper, ObjDiffDisplay

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import permitted

VERSION_PAGE = "_simple_history"
MOST_CHARACTERS = 300  # characters of a value
LEAD = 40  # characters shown before the first difference of longer ones


class Shortened(ObjDiffDisplay):
    """Long texts whole as far as they fit, then an ellipsis; never without what differs."""

    def common_shorten_repr(self, *args: Any) -> tuple[str, ...]:
        texts = [str(each) for each in args]
        if max(map(len, texts)) <= MOST_CHARACTERS:
            return args
        alike = len(commonprefix(texts))
        start = alike - LEAD if alike > MOST_CHARACTERS // 2 else 0
        before = "…" if start else ""
        return tuple(before + Truncator(text[start:]).chars(MOST_CHARACTERS) for text in texts)


class ReadableHistory(HistoricalRecordContextHelper):
    """Values before and after as people read them: times to the second, the words of a choice."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        # Nothing stays blank, which the page has a word for.
        prepared = super().prepare_delta_change_value(change, value)
        if prepared is None or (isinstance(prepared, DeletedObject) and prepared.pk is None):
            return ""
        return readable(self.model._meta.get_field(change.field), prepared)

    def get_obj_diff_display(self) -> ObjDiffDisplay:
        return Shortened()  # without counts of what is left out, which nobody reads


def readable(field: models.Field, value: Any) -> Any:
    """A field's value as people write it: the words of a choice, and otherwise `plain`."""
    return dict(field.flatchoices).get(value, value) if field.flatchoices else plain(value)


def plain(value: Any) -> Any:
    """A value without what says nothing: 97 and not 97.00, times to the second, yes and no."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class HistoryMixin(SimpleHistoryAdmin):
    """simple-history's list and version pages behind the roles' table, to look at."""

    # Any: it stands beside ModelAdmin's own, whose type in the stubs is private.
    object_history_template: Any = "admin_site/history.html"
    object_history_list_template = "admin_site/history_list.html"
    object_history_form_template = "admin_site/history_version.html"
    history_list_per_page = 50

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._admit(request, unquote(object_id))
        page: HttpResponse = super().history_view(request, object_id, extra_context)
        return page

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Raises PermissionDenied for whatever is no look at it."""
        # The library stores a posted version for whoever may view the row.
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        self._admit(request, unquote(object_id))
        context = {"version": self._version(version_id), **(extra_context or {})}
        page: HttpResponse = super().history_form_view(
            request, unquote(object_id), version_id, context
        )
        return page

    def _version(self, version_id: str) -> Any:  # a row of a model the library makes at run time
        # More digits than a 64-bit number has are not a version either.
        if not version_id.isdecimal() or len(version_id) > 18:
            raise Http404
        rows = self.model.history.model.objects.select_related("history_user")
        return get_object_or_404(rows, pk=version_id)

    def _admit(self, request: HttpRequest, object_id: str) -> None:
        """Refuse whoever may not read the history of this very row."""
        try:
            pk = self.model._meta.pk.to_python(object_id)
        except ValidationError as error:
            raise Http404 from error
        stored = self.model._base_manager.filter(pk=pk)
        readable = permitted(permitted(stored, request.user, "view"), request.user, "history")
        # A deleted row lies in no course: only who may read all histories reads its own.
        is_for_all = readable is stored and roles.may(request.user, "history", self.model)
        if not is_for_all and not readable.exists():
            raise PermissionDenied

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any]
        rows = super().get_history_queryset(request, history_manager, pk_name, object_id)
        return rows.select_related("change_set").order_by("-history_id")

    def get_historical_record_context_helper(
        self, request: HttpRequest, historical_record: Any
    ) -> ReadableHistory:
        return ReadableHistory(self.model, historical_record)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # On the page of an old version everything is read only.
        match = request.resolver_match
        if match and (match.url_name or "").endswith(VERSION_PAGE):
            return self.stated_fields()
        return super().get_readonly_fields(request, obj)

    def has_view_history_or_change_history_permission(
        self, request: HttpRequest, obj: Any = None
    ) -> bool:
        return roles.may(request.user, "history", self.model)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True
