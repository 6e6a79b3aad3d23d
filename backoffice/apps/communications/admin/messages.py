"""Direct messages on the admin site: who, when and how long; the text for the parties alone."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from backoffice.admin_site.changelist.columns import person_column
from backoffice.apps.communications.authoring import AuthorMixin
from backoffice.apps.communications.message_access import (
    is_party,
    may_read,
    reachable,
    record_message_access,
    request_message_access,
)
from backoffice.apps.communications.models import DirectMessage
from backoffice.audit.admin_kit.actions import ReasonForm, RowAction

ENVELOPE = (("sender", "recipient"), ("sent_at", "read_at"))


@admin.register(DirectMessage)
class DirectMessageAdmin(AuthorMixin):
    """Messages between two people."""

    icon = "mail"
    empty_hint = _("Messages between two people appear here for those two.")
    list_display = (
        person_column("sender", _("from")),
        person_column("recipient", _("to")),
        "display_length",
        "sent_at",
        "read_at",
    )
    list_select_related = ("sender", "recipient")
    list_filter = (("sent_at", RangeDateTimeFilter), ("read_at", RangeDateTimeFilter))
    search_fields = ("sender__search_text", "recipient__search_text")
    search_help_text = _("Sender or recipient")
    autocomplete_fields = ("recipient", "reply_to")
    readonly_fields = ("display_length", "sent_at", "read_at")
    # All a page may name; which of them one shows, `get_fieldsets()` says.
    fields = (*ENVELOPE, "reply_to", "subject", "body", "display_length")
    row_actions = ("read",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return [(None, {"fields": ("recipient", "subject", "body", "reply_to")})]
        if may_read(obj, request.user):
            return [(None, {"fields": (*ENVELOPE, "subject", "body")})]
        sealed = _("What it says, only the two of them can read.")
        return [(None, {"fields": (*ENVELOPE, "display_length"), "description": sealed})]

    def choosable(self, request: HttpRequest, db_field: Any) -> Any:
        rows = super().choosable(request, db_field)
        return rows if db_field.name != "recipient" else reachable(rows, request.user)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        message = self.get_object(request, unquote(object_id))
        if message is not None:
            record_message_access(message, request.user)
        return super().change_view(request, object_id, *args, **kwargs)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        message = self.get_object(request, unquote(str(object_id)))
        is_own = message is not None and is_party(message, request.user)
        # The only one is to ask for leave to read it.
        return [] if is_own else super().get_actions_detail(request, object_id)

    @display(description=_("length"))
    def display_length(self, message: DirectMessage) -> str:
        count = len(message.body)
        return ngettext("%(count)d character", "%(count)d characters", count) % {"count": count}

    @RowAction(
        _("Break the glass"),
        icon="visibility_lock",
        text=_(
            "Another admin has to agree. Then you can read this message for an hour, and every "
            "look is recorded."
        ),
        verb="break_glass",
        submit=_("Ask for it"),
        variant=ActionVariant.DANGER,
    )
    def read(self, form: ReasonForm, message: DirectMessage) -> str:
        request_message_access(message, form.request.user, form.cleaned_data["reason"])
        return gettext("Asked for. It waits for another admin.")
