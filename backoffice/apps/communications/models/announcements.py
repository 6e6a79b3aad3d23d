"""News for a course or for everybody."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import RowRule
from backoffice.apps.communications.models.referring import Referable
from backoffice.audit.models import Audited, AuditedQuerySet


class Announcement(Referable):
    """News that stands from a time on, for a course or, without one, for the whole school."""

    class Audience(models.TextChoices):
        EVERYONE = "everyone", _("everyone")
        STUDENTS = "students", _("students")
        STAFF = "staff", _("staff")

    class Priority(models.TextChoices):
        NORMAL = "normal", _("normal")
        URGENT = "urgent", _("urgent")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PLANNED = "planned", _("planned")
        CURRENT = "current", _("current")
        OVER = "over", _("over")

    course_path = "course"
    author_path = "author"
    set_by_actions = ("publish_at",)

    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="announcements",
        verbose_name=_("course"),
        help_text=_("Blank means the whole school."),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="announcements",
        verbose_name=_("author"),
    )
    title = LineField(_("title"), max_length=200)
    body = ParagraphField(_("text"))
    audience = models.CharField(
        _("audience"), max_length=10, choices=Audience, default=Audience.EVERYONE
    )
    priority = models.CharField(
        _("priority"), max_length=10, choices=Priority, default=Priority.NORMAL
    )
    publish_at = models.DateTimeField(
        _("shown from"), null=True, blank=True, help_text=_("Blank means it is a draft.")
    )
    expires_at = models.DateTimeField(
        _("shown until"), null=True, blank=True, help_text=_("Blank means it stays.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-publish_at", "-id"]
        constraints = [
            RowRule(
                name="announcement_times_in_order",
                condition=Q(expires_at__gt=F("publish_at")),
                field="expires_at",
                code="expires_before_published",
                message=_("It ends before it begins. Correct one of the two times."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> "Announcement.State":
        now = timezone.now()
        if self.publish_at is None:
            return self.State.DRAFT
        if self.publish_at > now:
            return self.State.PLANNED
        is_over = self.expires_at is not None and self.expires_at <= now
        return self.State.OVER if is_over else self.State.CURRENT
