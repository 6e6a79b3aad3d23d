"""The columns and filters of the list of imports."""

from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display

from backoffice.admin_site.changelist.columns import state_column, two_lines
from backoffice.bulk.kinds.header_names import kind_choices
from backoffice.bulk.models import Batch

STATE_COLOURS: dict[str, str] = {
    Batch.State.PREVIEWED: "info",
    Batch.State.HELD: "warning",
    Batch.State.APPLIED: "success",
    Batch.State.REFUSED: "danger",
    Batch.State.FAILED: "danger",
} | dict.fromkeys(Batch.IN_WORK, "info")
HASH_LENGTH = 10
FILE_NAME_LENGTH = 36
REASON_LENGTH = 40


def file_cell(batch: Batch) -> list[str]:
    when = f"{batch.uploaded_at:%Y-%m-%d %H:%M}"
    name = batch.file_name
    if len(name) > FILE_NAME_LENGTH:  # its end tells most: the file in a zip file
        name = f"{name[: FILE_NAME_LENGTH // 2]}…{name[1 - FILE_NAME_LENGTH // 2 :]}"
    return [name, f"{batch.uploader_name} · {when}"]


def kind_cell(batch: Batch) -> list[str]:
    reason = " ".join(batch.reason.split())
    is_long = len(reason) > REASON_LENGTH
    return [batch.kind_title, f"{reason[: REASON_LENGTH - 1].rstrip()}…" if is_long else reason]


def rows_cell(batch: Batch) -> list[str]:
    done, left = (_("%(count)s written"), _("%(count)s wrong"))
    if batch.undoes_id:
        done, left = (_("%(count)s taken back"), _("%(count)s left as they are"))
    parts = [done % {"count": intcomma(batch.writes + batch.removed)}] if batch.is_applied else []
    if batch.rejected:
        parts.append(left % {"count": intcomma(batch.rejected)})
    is_reading = batch.state == Batch.State.READING
    rows = batch.run.rows_expected if is_reading else batch.rows
    return [intcomma(rows), ", ".join(parts)]


def approval_cell(batch: Batch) -> list[str]:
    if batch.approver_name and batch.approved_at:
        return [batch.approver_name, f"{batch.approved_at:%Y-%m-%d %H:%M}"]
    return [_("needed") if batch.state == Batch.State.HELD else "–", ""]


@display(description=gettext_lazy("time worked"), ordering="run__seconds")
def format_seconds(batch: Batch) -> str:
    return _("%(seconds).1f s") % {"seconds": batch.run.seconds}


@display(description=gettext_lazy("SHA-256"), ordering="file_hash")
def format_hash(batch: Batch) -> SafeString | str:
    if not batch.file_hash:
        return "–"
    context = {"whole": batch.file_hash, "beginning": batch.file_hash[:HASH_LENGTH]}
    return render_to_string("bulk/hash.html", context)


COLUMNS = (
    two_lines(gettext_lazy("file"), "pk", file_cell),
    two_lines(gettext_lazy("kind"), "kind", kind_cell),
    state_column("state", STATE_COLOURS, gettext_lazy("state")),
    two_lines(gettext_lazy("rows"), "rows", rows_cell),
    two_lines(gettext_lazy("approval"), "approver_name", approval_cell),
    format_seconds,
    format_hash,
)


class KindFilter(DropdownFilter):
    """The kind of rows, as people call it."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, capfirst(str(label))) for name, label in kind_choices()]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Batch]
    ) -> models.QuerySet[Batch]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class CaseFilter(DropdownFilter):
    """A filter of a few named cases, each with its label and its condition."""

    def cases(self, request: HttpRequest) -> dict[str, tuple[Any, models.Q]]:
        """Raises NotImplementedError where a subclass names none."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _condition) in self.cases(request).items()]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Batch]
    ) -> models.QuerySet[Batch]:
        _label, condition = self.cases(request).get(self.value() or "", ("", models.Q()))
        return queryset.filter(condition)


class WhoFilter(CaseFilter):
    """Who brought the file; somebody else is found by name, with a search."""

    title = gettext_lazy("person")
    parameter_name = "who"

    def cases(self, request: HttpRequest) -> dict[str, tuple[Any, models.Q]]:
        own, no_account = models.Q(uploaded_by=request.user.pk), models.Q(uploaded_by__isnull=True)
        return {
            "me": (gettext_lazy("Me"), own),
            "others": (gettext_lazy("Other people"), ~no_account & ~own),
            "operator": (gettext_lazy("The operator at the command line"), no_account),
        }


class ApprovalFilter(CaseFilter):
    """Whether a second person agreed."""

    title = gettext_lazy("approval")
    parameter_name = "approval"

    def cases(self, request: HttpRequest) -> dict[str, tuple[Any, models.Q]]:
        is_open, is_held = models.Q(approved_by__isnull=True), models.Q(state=Batch.State.HELD)
        return {
            "given": (gettext_lazy("Approved by somebody"), ~is_open),
            "needed": (gettext_lazy("Waiting for a second person"), is_open & is_held),
            "none": (gettext_lazy("Without one"), is_open & ~is_held),
        }


FILTERS = (
    ("state", ChoicesDropdownFilter),
    KindFilter,
    ("mode", ChoicesDropdownFilter),
    WhoFilter,
    ApprovalFilter,
    ("uploaded_at", RangeDateTimeFilter),
)
# A hash is known by its beginning: the letters a to f stand in names as well.
SEARCHED = ("file_name", "uploader_name", "approver_name", "reason", "^file_hash")
