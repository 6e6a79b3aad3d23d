"""The access record on the admin site: to look at, narrow down and follow, never to touch."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display

from backoffice.admin_site.changelist.columns import (
    NOBODY,
    person_cell,
    person_column,
    state_column,
)
from backoffice.admin_site.changelist.question_filter import QuestionFilter
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.spreadsheets import download
from backoffice.audit.access_log.log import note_export, personal_models
from backoffice.audit.admin_kit.read_only import ReadOnlyAdmin
from backoffice.audit.models import AccessRecord
from backoffice.audit.pages import FILE, page_link
from backoffice.audit.seal.signed_export import access_lines

Kind = AccessRecord.Kind
COLOURS = {
    Kind.VIEW: "default",
    Kind.LIST: "default",
    Kind.SEARCH: "default",
    Kind.EXPORT: "warning",
    Kind.REFUSED: "danger",
    Kind.LOGIN: "success",
    Kind.LOGOUT: "success",
    Kind.FAILED: "danger",
}


FIELDS = (
    (None, {"fields": (("display_time", "kind"), ("actor", "actor_name"))}),
    (
        gettext_lazy("What was looked at"),
        {"fields": ("person", ("display_label", "object_text", "object_id"), "rows")},
    ),
    (
        gettext_lazy("Request"),
        {
            "fields": (
                ("method", "path"),
                "asked",
                ("status", "sentence"),
                ("address", "request_id"),
            )
        },
    ),
)


class RowsFilter(DropdownFilter):
    """Which kind of rows was looked at."""

    title = gettext_lazy("kind of rows")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        choices = [(each._meta.label_lower, kind_of(each)) for each in personal_models()]
        return sorted(choices, key=lambda pair: pair[1])

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        return queryset.filter(label=self.value()) if self.value() else queryset


def kind_of(model: type[models.Model]) -> str:
    return capfirst(str(model._meta.verbose_name_plural))


def _named(label: str) -> str:
    try:
        return kind_of(apps.get_model(label)) if label else ""
    except (LookupError, ValueError):  # a model of an earlier version
        return label


@admin.register(AccessRecord)
class AccessRecordAdmin(ReadOnlyAdmin):
    """Who looked at, searched for or exported whose data; refusals, logins."""

    icon = "visibility"
    empty_hint = gettext_lazy(
        "Looks at people's data, exports, refusals and logins stand here from now on. "
        "If filters are set, clear them to see all."
    )
    list_display = (
        "display_time",
        "display_actor",
        state_column("kind", COLOURS, gettext_lazy("what was done")),
        "display_rows",
        person_column("person", gettext_lazy("whose data")),
        "sentence",
    )
    list_select_related = ("actor", "person")
    list_filter = (
        QuestionFilter,
        ("kind", ChoicesDropdownFilter),
        ("actor", AutocompleteSelectFilter),
        ("person", AutocompleteSelectFilter),
        RowsFilter,
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("actor__search_text", "person__search_text")
    search_help_text = gettext_lazy("Name, username or student ID of who looked or whose data")
    ordering = ("-created_at",)
    fieldsets = FIELDS
    readonly_fields = ("display_time", "display_label")
    list_before_template = "audit/access_file.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; with `file` in the address, its filtered rows as CSV with digests."""
        may_export = roles.may(request.user, "export", AccessRecord)
        if may_export and FILE in request.GET:
            params = request.GET.copy()
            del params[FILE]
            request.GET = params
            try:
                return self._file(request)
            except IncorrectLookupParameters:
                pass  # the list says so
        link = page_link(request, **{FILE: "csv"}) if may_export else ""
        context = {"file_link": link, **(extra_context or {})}
        return super().changelist_view(request, context)

    def _file(self, request: HttpRequest) -> HttpResponse:
        rows = self.get_changelist_instance(request).get_queryset(request)
        note_export(request, AccessRecord, None)
        name = f"access_{timezone.now():%Y%m%dT%H%M%SZ}.csv"
        return download(name, access_lines(rows))

    @display(description=gettext_lazy("when (UTC)"), ordering="created_at")
    def display_time(self, row: AccessRecord) -> str:
        return f"{row.created_at:%Y-%m-%d %H:%M:%S}"

    @display(description=gettext_lazy("who"), header=True)
    def display_actor(self, row: AccessRecord) -> list[Any]:
        # Of a wrong password only the network address is known.
        return person_cell(row.actor) if row.actor else [row.address or NOBODY[0], ""]

    @display(description=gettext_lazy("what"), header=True)
    def display_rows(self, row: AccessRecord) -> list[str]:
        kind = _named(row.label)
        if row.object_text or row.object_id:
            return [row.object_text or f"#{row.object_id}", kind]
        what = _("%(kind)s, rows: %(count)d") if row.rows is not None else "%(kind)s"
        name = what % {"kind": kind, "count": row.rows or 0} if kind else ""
        return [name or row.path, row.asked]

    @display(description=gettext_lazy("kind of rows"))
    def display_label(self, row: AccessRecord) -> str:
        return _named(row.label)
