"""Forums, their topics and posts on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    RangeDateTimeFilter,
)

from backoffice.admin_site.changelist.columns import (
    course_column,
    excerpt_column,
    flag_column,
    person_column,
    two_lines,
)
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.apps.communications.authoring import Authored
from backoffice.apps.communications.models import Forum, ForumPost, ForumTopic
from backoffice.apps.communications.moderating import hide, lock, pin, show
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction
from backoffice.audit.admin_kit.model_admin import AuditedAdmin, AuditedTabularInline

locked_column = flag_column("is_locked", (gettext_lazy("locked"), ""), gettext_lazy("locked"))
AUTHOR = gettext_lazy("author")


class TopicInline(AuditedTabularInline):
    """The topics of a forum."""

    model = ForumTopic
    fields = ("title", "author", "is_pinned", "is_locked")
    readonly_fields = ("author",)
    per_page = 20


class TopicSection(RelatedSection):
    """The newest topics below a forum in its list."""

    related_name = "topics"
    title = gettext_lazy("Newest topics")
    empty = gettext_lazy("No topics yet.")
    columns = ("title", "author", "created_at")
    select_related = ("author",)
    ordering = ("-created_at", "-id")


class PostSection(RelatedSection):
    """The newest posts below a topic in its list."""

    related_name = "posts"
    title = gettext_lazy("Newest posts")
    empty = gettext_lazy("No posts yet.")
    columns = ("body", "author", "created_at")
    select_related = ("author",)
    ordering = ("-created_at", "-id")
    most = 3


@admin.register(Forum)
class ForumAdmin(Authored, AuditedAdmin):
    """Forums of courses."""

    icon = "forum"
    named_by = ("course",)
    empty_hint = gettext_lazy("A course talks in its forums; add the first one.")
    list_display = ("title", course_column(), locked_column, "created_at")
    list_select_related = ("course",)
    list_filter = (("course", AutocompleteSelectFilter), ("is_locked", BooleanRadioFilter))
    list_sections = (TopicSection,)
    related_lists = ("topics",)
    search_fields = ("title", "course__code", "course__title")
    search_help_text = gettext_lazy("Title or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_at",)
    inlines = (TopicInline,)
    fieldsets = (
        (None, {"fields": ("course", "title", "description", "is_locked")}),
        (gettext_lazy("Record"), {"classes": ("collapse",), "fields": ("created_at",)}),
    )


@admin.register(ForumTopic)
class ForumTopicAdmin(Authored, AuditedAdmin):
    """Topics of forums."""

    icon = "topic"
    named_by = ("forum",)
    empty_hint = gettext_lazy("Topics are opened in a forum.")
    list_display = (
        two_lines(gettext_lazy("topic"), "title", lambda row: [row.title, str(row.forum)]),
        course_column("forum__course"),
        person_column("author", AUTHOR),
        flag_column("is_pinned", (gettext_lazy("pinned"), ""), gettext_lazy("pinned"), "info"),
        locked_column,
        "created_at",
    )
    list_select_related = ("forum__course", "author")
    list_filter = (
        ("forum", AutocompleteSelectFilter),
        ("is_pinned", BooleanRadioFilter),
        ("is_locked", BooleanRadioFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_sections = (PostSection,)
    related_lists = ("posts",)
    search_fields = ("title", "forum__title", "author__search_text")
    search_help_text = gettext_lazy("Title, forum or author")
    autocomplete_fields = ("forum",)
    readonly_fields = ("author", "created_at")
    fieldsets = (
        (None, {"fields": ("forum", "title", ("is_pinned", "is_locked"))}),
        (gettext_lazy("Record"), {"classes": ("collapse",), "fields": (("author", "created_at"),)}),
    )
    row_actions = ("lock", "unlock", "pin", "unpin")

    @RowAction(
        gettext_lazy("Lock"),
        icon="lock",
        text=gettext_lazy("It can be read, but takes no new posts."),
        verb="moderate",
        when=lambda topic: not topic.is_locked,
        refusal=gettext_lazy("It is locked already."),
        in_bulk=True,
    )
    def lock(self, form: ReasonForm, topic: ForumTopic) -> str:
        """Take no more posts."""
        lock(topic, is_locked=True)
        return _("“%(topic)s” is locked.") % {"topic": topic}

    @RowAction(
        gettext_lazy("Unlock"),
        icon="lock_open",
        verb="moderate",
        form=ActionForm,
        when=lambda topic: topic.is_locked,
        refusal=gettext_lazy("It is not locked."),
        in_bulk=True,
    )
    def unlock(self, form: ActionForm, topic: ForumTopic) -> str:
        """Take posts again."""
        lock(topic, is_locked=False)
        return _("“%(topic)s” takes posts again.") % {"topic": topic}

    @RowAction(
        gettext_lazy("Pin"),
        icon="push_pin",
        text=gettext_lazy("It stands above the other topics."),
        verb="moderate",
        form=ActionForm,
        when=lambda topic: not topic.is_pinned,
        refusal=gettext_lazy("It is pinned already."),
    )
    def pin(self, form: ActionForm, topic: ForumTopic) -> str:
        """Put it on top."""
        pin(topic, is_pinned=True)
        return _("“%(topic)s” is pinned.") % {"topic": topic}

    @RowAction(
        gettext_lazy("Unpin"),
        icon="keep_off",
        verb="moderate",
        form=ActionForm,
        when=lambda topic: topic.is_pinned,
        refusal=gettext_lazy("It is not pinned."),
    )
    def unpin(self, form: ActionForm, topic: ForumTopic) -> str:
        """Let it stand with the others."""
        pin(topic, is_pinned=False)
        return _("“%(topic)s” stands with the others again.") % {"topic": topic}


@admin.register(ForumPost)
class ForumPostAdmin(Authored, AuditedAdmin):
    """Posts in topics."""

    icon = "chat_bubble"
    empty_hint = gettext_lazy("What people say in the topics of a forum stands here.")
    list_display = (
        excerpt_column("body", gettext_lazy("post")),
        two_lines(
            gettext_lazy("topic"), "topic__title", lambda p: [str(p.topic), str(p.topic.forum)]
        ),
        person_column("author", AUTHOR),
        flag_column("is_hidden", (gettext_lazy("hidden"), ""), gettext_lazy("hidden"), "danger"),
        "created_at",
    )
    list_select_related = ("topic__forum", "author")
    list_filter = (
        ("topic", AutocompleteSelectFilter),
        ("author", AutocompleteSelectFilter),
        ("is_hidden", BooleanRadioFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("body", "topic__title", "author__search_text")
    search_help_text = gettext_lazy("Words, topic or author")
    autocomplete_fields = ("topic", "parent")
    readonly_fields = ("author", "created_at", "edited_at", "is_hidden", "hidden_reason")
    fieldsets = (
        (None, {"fields": ("topic", "parent", "body")}),
        (
            gettext_lazy("Record"),
            {
                "classes": ("collapse",),
                "fields": (("author", "created_at", "edited_at"), ("is_hidden", "hidden_reason")),
            },
        ),
    )
    row_actions = ("hide", "show")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The fieldsets; a hidden post says so, and why, before anything else."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.is_hidden:
            return fieldsets
        return [(gettext_lazy("Hidden from readers"), {"fields": ("hidden_reason",)}), *fieldsets]

    @RowAction(
        gettext_lazy("Hide"),
        icon="visibility_off",
        text=gettext_lazy("Readers no longer see the post. It stays, with your reason."),
        verb="moderate",
        when=lambda post: not post.is_hidden,
        refusal=gettext_lazy("It is hidden already."),
        in_bulk=True,
    )
    def hide(self, form: ReasonForm, post: ForumPost) -> str:
        """Take it from the readers' eyes."""
        hide(post, form.cleaned_data["reason"])
        return _("The post is hidden.")

    @RowAction(
        gettext_lazy("Show again"),
        icon="visibility",
        verb="moderate",
        when=lambda post: post.is_hidden,
        refusal=gettext_lazy("It is not hidden."),
        in_bulk=True,
    )
    def show(self, form: ReasonForm, post: ForumPost) -> str:
        """Let it be read again."""
        show(post)
        return _("The post can be read again.")
