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
from backoffice.apps.communications.announcing import send
from backoffice.apps.communications.authoring import AuthorMixin
from backoffice.apps.communications.models import Announcement
from backoffice.audit.admin_kit.actions import ActionForm, RowAction

LIFE_COLOURS = {"draft": "warning", "planned": "info", "current": "success", "over": "default"}


@admin.register(Announcement)
class AnnouncementAdmin(AuthorMixin):
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
    row_actions = ("send",)

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

    @RowAction(
        _("Send now"),
        icon="send",
        text=_("It stands from this moment for everybody it is for."),
        form=ActionForm,
        when=lambda row: row.publish_at is None or row.publish_at > timezone.now(),
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
