"""Forums, messages, announcements and chat on the admin site."""

from django.contrib import admin

from backoffice.apps.communications.authoring import Authored
from backoffice.apps.communications.models import (
    Announcement,
    ChatMember,
    ChatMessage,
    ChatRoom,
    DirectMessage,
    Forum,
    ForumPost,
    ForumTopic,
)
from backoffice.audit.model_admin import AuditedAdmin, AuditedTabularInline


class TopicInline(AuditedTabularInline):
    """The topics of a forum."""

    model = ForumTopic
    fields = ("title", "author", "is_pinned", "is_locked")
    readonly_fields = ("author",)


class MemberInline(AuditedTabularInline):
    """The members of a chat room."""

    model = ChatMember
    fields = ("user", "role", "last_read_at")
    readonly_fields = ("last_read_at",)
    autocomplete_fields = ("user",)


@admin.register(Announcement)
class AnnouncementAdmin(Authored, AuditedAdmin):
    """Announcements to a course or to everybody."""

    icon = "campaign"
    list_display = ("title", "course", "audience", "priority", "publish_at", "author")
    list_select_related = ("course", "author")
    list_filter = ("audience", "priority")
    search_fields = ("title",)
    autocomplete_fields = ("course",)
    readonly_fields = ("author", "created_at")
    exclude = ("reference",)


@admin.register(Forum)
class ForumAdmin(Authored, AuditedAdmin):
    """Forums of courses."""

    icon = "forum"
    list_display = ("title", "course", "is_locked")
    list_select_related = ("course",)
    list_filter = ("is_locked",)
    search_fields = ("title", "course__code")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_at",)
    inlines = (TopicInline,)


@admin.register(ForumTopic)
class ForumTopicAdmin(Authored, AuditedAdmin):
    """Topics of forums."""

    icon = "topic"
    list_display = ("title", "forum", "author", "is_pinned", "is_locked", "created_at")
    list_select_related = ("forum__course", "author")
    list_filter = ("is_pinned", "is_locked")
    search_fields = ("title", "forum__title")
    autocomplete_fields = ("forum",)
    readonly_fields = ("author", "created_at")
    exclude = ("reference",)


@admin.register(ForumPost)
class ForumPostAdmin(Authored, AuditedAdmin):
    """Posts in topics."""

    icon = "chat_bubble"
    list_display = ("__str__", "topic", "author", "is_hidden", "created_at")
    list_select_related = ("topic__forum", "author")
    list_filter = ("is_hidden",)
    search_fields = ("body", "topic__title")
    autocomplete_fields = ("topic", "parent")
    readonly_fields = ("author", "created_at", "edited_at")
    exclude = ("reference",)


@admin.register(DirectMessage)
class DirectMessageAdmin(AuditedAdmin):
    """Messages between two people; nobody else reads what they say."""

    icon = "mail"
    list_display = ("sender", "recipient", "sent_at", "read_at")
    list_select_related = ("sender", "recipient")
    search_fields = ("sender__username", "recipient__username")
    readonly_fields = ("sent_at", "read_at")
    exclude = ("reference",)


@admin.register(ChatRoom)
class ChatRoomAdmin(AuditedAdmin):
    """Chat rooms of courses."""

    icon = "chat"
    list_display = ("name", "course", "room_type", "is_active")
    list_select_related = ("course",)
    list_filter = ("room_type", "is_active")
    search_fields = ("name", "course__code")
    autocomplete_fields = ("course", "created_by")
    readonly_fields = ("created_at",)
    inlines = (MemberInline,)


@admin.register(ChatMember)
class ChatMemberAdmin(AuditedAdmin):
    """Who is in which room; worked on from the room."""

    icon = "person"
    in_sidebar = False
    list_display = ("user", "room", "role", "joined_at")
    list_select_related = ("user", "room")
    list_filter = ("role",)
    search_fields = ("user__username", "room__name")
    autocomplete_fields = ("user", "room")
    readonly_fields = ("joined_at", "last_read_at")


@admin.register(ChatMessage)
class ChatMessageAdmin(AuditedAdmin):
    """What was said in rooms."""

    icon = "sms"
    list_display = ("room", "author", "sent_at", "is_hidden")
    list_select_related = ("room", "author")
    list_filter = ("is_hidden",)
    search_fields = ("room__name", "author__username")
    autocomplete_fields = ("room", "author")
    readonly_fields = ("sent_at", "edited_at")
    exclude = ("reference",)
