"""Forums of courses, their topics and posts."""

from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import RelatedRule, RowRule, UniqueRule, Violation
from backoffice.apps.communications.models.referring import Referable
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal


class Forum(Audited):
    """Where a course discusses one thing."""

    course_path = "course"
    natural_key_fields = ("course", "title")
    set_by_actions = ("is_locked",)

    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        related_name="forums",
        db_index=False,
        verbose_name=_("course"),
    )
    title = LineField(_("title"), max_length=200)
    description = ParagraphField(_("description"), blank=True)
    is_locked = models.BooleanField(
        _("locked"), default=False, help_text=_("Can be read, but takes no new topics.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("forum")
        verbose_name_plural = _("forums")
        ordering = ["course", "title"]
        constraints = [
            UniqueRule(
                name="forum_title_unique",
                fields=["course", "title"],
                field="title",
                code="title_taken",
                message=_("Another forum of this course has this title already."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ForumTopic(Referable):
    """One thread of a forum."""

    course_path = "forum__course"
    person_path = "author"
    set_by_actions = ("is_pinned", "is_locked")

    forum = models.ForeignKey(Forum, models.PROTECT, related_name="topics", verbose_name=_("forum"))
    title = LineField(_("title"), max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="forum_topics",
        verbose_name=_("author"),
    )
    is_pinned = models.BooleanField(_("pinned"), default=False)
    is_locked = models.BooleanField(
        _("locked"), default=False, help_text=_("Can be read, but takes no new posts.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["-is_pinned", "-created_at", "-id"]

    def __str__(self) -> str:
        return self.title

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        if self._state.adding and self.forum_id and self.forum.is_locked:
            message = _("This forum is locked and takes no new topics.")
            yield "forum", ValidationError(message, code="locked")


class ForumPost(Referable):
    """What somebody says in a topic."""

    course_path = "topic__forum__course"
    person_path = "author"
    personal = Personal(of="author", fields=("body",))
    set_by_actions = ("is_hidden", "hidden_reason")

    topic = models.ForeignKey(
        ForumTopic, models.PROTECT, related_name="posts", verbose_name=_("topic")
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("answer to"),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="forum_posts",
        verbose_name=_("author"),
    )
    body = ParagraphField(_("text"))
    is_hidden = models.BooleanField(_("hidden"), default=False)
    hidden_reason = LineField(_("why it is hidden"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["created_at", "id"]
        constraints = [
            RowRule(
                name="post_hidden_with_reason",
                condition=Q(is_hidden=False) | ~Q(hidden_reason=""),
                field="hidden_reason",
                code="reason_missing",
                message=_("Say why the post is hidden."),
            ),
        ]

    related_rules = (
        RelatedRule(
            name="post_answers_in_topic",
            field="parent",
            condition=Q(parent__topic=F("topic")),
            message=_("The post it answers stands in another topic."),
            code="other_topic",
        ),
    )

    def __str__(self) -> str:
        return f"{self.author}: {self.body[:60]}"

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        if self._state.adding and self.topic_id and self.topic.is_locked:
            message = _("This topic is locked and takes no new posts.")
            yield "topic", ValidationError(message, code="locked")
