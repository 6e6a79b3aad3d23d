"""Chat rooms, their members and messages on the admin site."""

from django.contrib import admin
from django.utils.translation import gettext, gettext_lazy
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
)

from backoffice.admin_site.changelist.columns import (
    course_column,
    flag_column,
    person_column,
    two_lines,
)
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.apps.communications.admin.topic_actions import ModerationAction
from backoffice.apps.communications.authoring import AuthorMixin
from backoffice.apps.communications.models import ChatMember, ChatMessage, ChatRoom
from backoffice.apps.communications.moderating import hide_message
from backoffice.audit.admin_kit.actions import ReasonForm
from backoffice.audit.admin_kit.model_admin import AuditedAdmin, AuditedTabularInline


class MemberInline(AuditedTabularInline):
    """The members of a chat room."""

    model = ChatMember
    fields = ("user", "role", "last_read_at")
    readonly_fields = ("last_read_at",)
    autocomplete_fields = ("user",)
    tab = hide_title = True


class MessageInline(AuditedTabularInline):
    """The messages of a room, the newest first; read-only."""

    model = ChatMessage
    fields = readonly_fields = ("sent_at", "author", "body", "is_hidden")
    ordering = ("-sent_at", "-id")
    per_page = 20
    tab = hide_title = True


class MemberSection(RelatedSection):
    """The members below a room in its list."""

    related_name = "members"
    title = gettext_lazy("Members")
    empty = gettext_lazy("No members: the room is open to the course.")
    columns = ("user", "role", "joined_at")
    select_related = ("user",)
    ordering = ("joined_at",)


@admin.register(ChatRoom)
class ChatRoomAdmin(AuthorMixin):
    """Chat rooms of courses."""

    icon = "chat"
    empty_hint = gettext_lazy("A course talks in its chat rooms; add the first one.")
    list_display = (
        two_lines(gettext_lazy("room"), "name", lambda row: [row.name, row.description]),
        course_column(),
        "room_type",
        flag_column(
            "is_active",
            (gettext_lazy("active"), gettext_lazy("closed")),
            gettext_lazy("state"),
            "success",
        ),
    )
    list_select_related = ("course",)
    list_filter = (
        ("course", AutocompleteSelectFilter),
        ("room_type", ChoicesDropdownFilter),
        ("is_active", BooleanRadioFilter),
    )
    list_sections = (MemberSection,)
    related_lists = ("members", "messages")
    search_fields = ("name", "course__code", "course__title")
    search_help_text = gettext_lazy("Name or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_by", "created_at")
    inlines = (MemberInline, MessageInline)
    fieldsets = (
        (None, {"fields": ("course", "name", "description", ("room_type", "is_active"))}),
        (
            gettext_lazy("Record"),
            {"classes": ("collapse",), "fields": (("created_by", "created_at"),)},
        ),
    )


@admin.register(ChatMember)
class ChatMemberAdmin(AuditedAdmin):
    """Who is in which room; worked on from the room."""

    icon = "group"
    in_sidebar = False
    empty_hint = gettext_lazy("People join on the page of a room.")
    list_display = (person_column("user"), "room", "role", "joined_at")
    list_select_related = ("user", "room")
    list_filter = (("room", AutocompleteSelectFilter), ("role", ChoicesDropdownFilter))
    search_fields = ("user__search_text", "room__name")
    autocomplete_fields = ("user", "room")
    readonly_fields = ("joined_at", "last_read_at")


@admin.register(ChatMessage)
class ChatMessageAdmin(AuditedAdmin):
    """Messages in chat rooms."""

    icon = "sms"
    empty_hint = gettext_lazy("What people say in chat rooms stands here.")
    list_display = (
        person_column("author", gettext_lazy("author")),
        "room",
        flag_column("is_hidden", (gettext_lazy("hidden"), ""), gettext_lazy("hidden"), "danger"),
        "sent_at",
    )
    list_select_related = ("room", "author")
    list_filter = (
        ("room", AutocompleteSelectFilter),
        ("is_hidden", BooleanRadioFilter),
        ("sent_at", RangeDateTimeFilter),
    )
    search_fields = ("room__name", "author__search_text")
    search_help_text = gettext_lazy("Author or room")
    autocomplete_fields = ("room", "author")
    readonly_fields = ("sent_at", "edited_at")
    fieldsets = (
        (None, {"fields": ("room", "author", "body", "is_hidden")}),
        (gettext_lazy("Record"), {"classes": ("collapse",), "fields": (("sent_at", "edited_at"),)}),
    )
    row_actions = ("hide", "show")

    @ModerationAction(
        gettext_lazy("Hide"),
        icon="visibility_off",
        text=gettext_lazy("The room no longer shows the message. It stays."),
        when=lambda message: not message.is_hidden,
        refusal=gettext_lazy("It is hidden already."),
        in_bulk=True,
    )
    def hide(self, form: ReasonForm, message: ChatMessage) -> str:
        hide_message(message, is_hidden=True)
        return gettext("The message is hidden.")

    @ModerationAction(
        gettext_lazy("Show again"),
        icon="visibility",
        when=lambda message: message.is_hidden,
        refusal=gettext_lazy("It is not hidden."),
        in_bulk=True,
    )
    def show(self, form: ReasonForm, message: ChatMessage) -> str:
        hide_message(message, is_hidden=False)
        return gettext("The message can be read again.")
