"""Announcements on the admin site."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display
from unfold.enums import ActionVariant

from backoffice.admin_site.changelist.columns import course_column, person_column, state_column
from backoffice.apps.communications.announcing import plan, send, take_back
from backoffice.apps.communications.authoring import AuthorMixin
from backoffice.apps.communications.forms import PlanForm
from backoffice.apps.communications.models import Announcement
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction

LIFE_COLOURS = {"draft": "warning", "planned": "info", "current": "success", "over": "default"}


def _is_open(announcement: Announcement) -> bool:
    """Whether nobody has seen it yet."""
    return announcement.publish_at is None or announcement.publish_at > timezone.now()


class SendingMixin:
    """The row actions `send`, `plan` and `take_back` of announcements."""

    @RowAction(
        _("Send now"),
        icon="send",
        text=_("It stands from this moment for everybody it is for."),
        form=ActionForm,
        when=_is_open,
        refusal=_("It was sent already."),
        in_bulk=True,
        variant=ActionVariant.PRIMARY,
    )
    def send(self, form: ActionForm, announcement: Announcement) -> str:
        count = send(announcement)
        message = ngettext(
            "“%(title)s” stands now, for %(count)d person.",
            "“%(title)s” stands now, for %(count)d people.",
            count,
        )
        return message % {"title": announcement, "count": count}

    @RowAction(
        _("Plan"),
        icon="schedule_send",
        text=_("It stands from the time you choose; until then nobody sees it."),
        form=PlanForm,
        when=_is_open,
        refusal=_("It was sent already."),
    )
    def plan(self, form: PlanForm, announcement: Announcement) -> str:
        plan(announcement, form.cleaned_data["publish_at"])
        when = f"{announcement.publish_at:%Y-%m-%d %H:%M}"
        message = gettext("“%(title)s” stands from %(when)s UTC.")
        return message % {"title": announcement, "when": when}

    @RowAction(
        _("Take back"),
        icon="unpublished",
        text=_("It is a draft again, and nobody sees it any more."),
        when=lambda row: row.publish_at is not None,
        refusal=_("It is a draft already."),
    )
    def take_back(self, form: ReasonForm, announcement: Announcement) -> str:
        take_back(announcement)
        return gettext("“%(title)s” is a draft again.") % {"title": announcement}


@admin.register(Announcement)
class AnnouncementAdmin(SendingMixin, AuthorMixin):
    """Announcements to a course or to everybody."""

    icon = "campaign"
    in_palette = True
    empty_hint = _("An announcement goes to a course or to the whole school.")
    list_display = (
        "title",
        course_column(none=_("whole school")),
        "audience",
        "display_state",
        state_column("priority", {"urgent": "danger", "normal": "default"}, _("priority")),
        "publish_at",
        person_column("author", _("author")),
    )
    list_select_related = ("course", "author")
    list_filter = (
        ("course", AutocompleteSelectFilter),
        ("audience", ChoicesDropdownFilter),
        ("priority", ChoicesDropdownFilter),
        ("publish_at", RangeDateTimeFilter),
    )
    search_fields = ("title", "course__code", "course__title")
    search_help_text = _("Title or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("author", "created_at")
    fieldsets = (
        (None, {"fields": ("title", "body")}),
        (_("For whom"), {"fields": ("course", ("audience", "priority"))}),
        (_("Schedule"), {"fields": ("publish_at", "expires_at")}),
        (_("Record"), {"classes": ("collapse",), "fields": (("author", "created_at"),)}),
    )
    row_actions = ("send", "plan", "take_back")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.publish_at is None:
            message = gettext(
                "“%(title)s” is a draft; nobody sees it yet. Open it and choose “Send now”."
            )
            self.message_user(request, message % {"title": obj}, messages.WARNING)

    @display(description=_("state"), label=LIFE_COLOURS, ordering="publish_at")
    def display_state(self, announcement: Announcement) -> tuple[str, str]:
        state = announcement.state
        return state.value, str(state.label)
