"""Forums, their topics and posts on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
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
from backoffice.apps.communications.admin.topic_actions import (
    LockActionsMixin,
    ModerationAction,
    TopicActionsMixin,
)
from backoffice.apps.communications.authoring import AuthorMixin
from backoffice.apps.communications.models import Forum, ForumPost, ForumTopic
from backoffice.apps.communications.moderating import hide, show
from backoffice.audit.admin_kit.actions import ReasonForm
from backoffice.audit.admin_kit.model_admin import AuditedTabularInline

locked_column = flag_column("is_locked", (_("locked"), ""), _("locked"))
AUTHOR = _("author")


class TopicInline(AuditedTabularInline):
    """The topics of a forum."""

    model = ForumTopic
    fields = ("title", "author", "is_pinned", "is_locked")
    readonly_fields = ("author",)
    per_page = 20


class TopicSection(RelatedSection):
    """The newest topics below a forum in its list."""

    related_name = "topics"
    title = _("Newest topics")
    empty = _("No topics yet.")
    columns = ("title", "author", "created_at")
    select_related = ("author",)
    ordering = ("-created_at", "-id")


class PostSection(RelatedSection):
    """The newest posts below a topic in its list."""

    related_name = "posts"
    title = _("Newest posts")
    empty = _("No posts yet.")
    columns = ("body", "author", "created_at")
    select_related = ("author",)
    ordering = ("-created_at", "-id")
    most = 3


@admin.register(Forum)
class ForumAdmin(LockActionsMixin, AuthorMixin):
    """Forums of courses; they are locked by an action."""

    icon = "forum"
    named_by = ("course",)
    empty_hint = _("A course talks in its forums; add the first one.")
    list_display = ("title", course_column(), locked_column, "created_at")
    list_select_related = ("course",)
    list_filter = (("course", AutocompleteSelectFilter), ("is_locked", BooleanRadioFilter))
    list_sections = (TopicSection,)
    related_lists = ("topics",)
    search_fields = ("title", "course__code", "course__title")
    search_help_text = _("Title or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_at",)
    inlines = (TopicInline,)
    fieldsets = (
        (None, {"fields": ("course", "title", "description", "is_locked")}),
        (_("Record"), {"classes": ("collapse",), "fields": ("created_at",)}),
    )
    row_actions = ("lock", "unlock")


@admin.register(ForumTopic)
class ForumTopicAdmin(TopicActionsMixin, AuthorMixin):
    """Topics of forums: they are locked and pinned."""

    icon = "topic"
    named_by = ("forum",)
    empty_hint = _("Topics are opened in a forum.")
    list_display = (
        two_lines(_("topic"), "title", lambda row: [row.title, str(row.forum)]),
        course_column("forum__course"),
        person_column("author", AUTHOR),
        flag_column("is_pinned", (_("pinned"), ""), _("pinned"), "info"),
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
    search_help_text = _("Title, forum or author")
    autocomplete_fields = ("forum",)
    readonly_fields = ("author", "created_at")
    fieldsets = (
        (None, {"fields": ("forum", "title", ("is_pinned", "is_locked"))}),
        (_("Record"), {"classes": ("collapse",), "fields": (("author", "created_at"),)}),
    )
    row_actions = ("lock", "unlock", "pin", "unpin")


@admin.register(ForumPost)
class ForumPostAdmin(AuthorMixin):
    """Posts in topics."""

    icon = "chat_bubble"
    empty_hint = _("What people say in the topics of a forum stands here.")
    list_display = (
        excerpt_column("body", _("post")),
        two_lines(_("topic"), "topic__title", lambda p: [str(p.topic), str(p.topic.forum)]),
        person_column("author", AUTHOR),
        flag_column("is_hidden", (_("hidden"), ""), _("hidden"), "danger"),
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
    search_help_text = _("Words, topic or author")
    autocomplete_fields = ("topic", "parent")
    readonly_fields = ("author", "created_at", "edited_at")
    fieldsets = (
        (None, {"fields": ("topic", "parent", "body")}),
        (
            _("Record"),
            {
                "classes": ("collapse",),
                "fields": (("author", "created_at", "edited_at"), ("is_hidden", "hidden_reason")),
            },
        ),
    )
    row_actions = ("hide", "show")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.is_hidden:
            return fieldsets
        return [(_("Hidden from readers"), {"fields": ("hidden_reason",)}), *fieldsets]

    @ModerationAction(
        _("Hide"),
        icon="visibility_off",
        text=_("Readers no longer see the post. It stays, with your reason."),
        when=lambda post: not post.is_hidden,
        refusal=_("It is hidden already."),
        in_bulk=True,
    )
    def hide(self, form: ReasonForm, post: ForumPost) -> str:
        hide(post, form.cleaned_data["reason"])
        return gettext("The post is hidden.")

    @ModerationAction(
        _("Show again"),
        icon="visibility",
        when=lambda post: post.is_hidden,
        refusal=_("It is not hidden."),
        in_bulk=True,
    )
    def show(self, form: ReasonForm, post: ForumPost) -> str:
        show(post)
        return gettext("The post can be read again.")
