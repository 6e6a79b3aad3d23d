"""What graders have at the desk besides the grade: comments to use again, notes, flags, drafts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.points import PointsField
from backoffice.admin_site.models.rules import RowRule, UniqueRule, Violation
from backoffice.apps.assessments.models.rubrics import RubricCriterion
from backoffice.apps.assessments.models.submissions import AssessmentSubmission
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal

SILENCE = timedelta(minutes=5)  # after which nobody is at a piece of work any more
FIRST_NAME = "{first_name}"


def _of_staff(**options: Any) -> Any:
    """A key to the account of somebody who grades."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, **options
    )


class SavedComment(Audited):
    """A comment to be used again, for oneself or for everybody who grades in a course.

    Used, its words are copied: what was said with it does not change when it is edited.
    """

    course_path = "course"
    author_path = "owner"
    natural_key_fields = ("owner", "created_at")
    history_excludes = ("use_count",)

    owner = _of_staff(verbose_name=_("owner"))
    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="saved_comments",
        verbose_name=_("shared in the course"),
        help_text=_("Blank means for oneself alone."),
    )
    criterion = models.ForeignKey(
        RubricCriterion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="saved_comments",
        verbose_name=_("criterion"),
        help_text=_("Blank means for any part of the feedback."),
    )
    text = ParagraphField(
        _("comment"),
        help_text=_("The student's first name takes the place of {first_name}."),
    )
    points = PointsField(_("points"), max_digits=7, decimal_places=2, null=True, blank=True)
    use_count = models.PositiveIntegerField(_("used"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("saved comment")
        verbose_name_plural = _("saved comments")
        ordering = ["-use_count", "-id"]
        constraints = [
            RowRule(
                name="saved_comment_has_text",
                condition=~Q(text=""),
                field="text",
                code="text_missing",
                message=_("A saved comment has words."),
            ),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        if self.course_id and self.criterion and self.criterion.rubric.course_id != self.course_id:
            message = _("This criterion belongs to a rubric of another course.")
            yield "criterion", ValidationError(message, code="other_course")


class Annotation(Audited):
    """A comment on a passage of a text; the passage is kept as it was quoted."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    submission_path = "submission"
    natural_key_fields = ("submission", "author", "created_at")
    personal = Personal(of="submission", fields=("quoted",))

    submission = models.ForeignKey(
        AssessmentSubmission,
        models.PROTECT,
        related_name="annotations",
        verbose_name=_("submission"),
    )
    start = models.PositiveIntegerField(_("first character"))
    end = models.PositiveIntegerField(_("last character"))
    quoted = models.TextField(_("passage"), blank=True, editable=False)
    comment = ParagraphField(_("comment"))
    author = _of_staff(verbose_name=_("author"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = AuditedQuerySet.as_manager()
    # Whether the words are taken from the text; others are compared with it.
    _is_derived: bool = False

    class Meta(Audited.Meta):
        verbose_name = _("comment on a passage")
        verbose_name_plural = _("comments on passages")
        ordering = ["submission", "start", "id"]
        constraints = [
            RowRule(
                name="annotation_range_in_order",
                condition=Q(end__gt=F("start")),
                field="end",
                code="out_of_range",
                message=_("A passage ends after its beginning."),
            ),
            RowRule(
                name="annotation_has_comment",
                condition=~Q(comment=""),
                field="comment",
                code="text_missing",
                message=_("Write a comment about the passage."),
            ),
        ]

    def __str__(self) -> str:
        return self.comment if len(self.comment) <= 60 else f"{self.comment[:59]}…"

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        # Of a stored one the words stay, whatever becomes of the text.
        if self._state.adding and self.submission_id and not self._is_in_text():
            message = _("The text does not have this passage at this place. Mark it again.")
            yield "quoted", ValidationError(message, code="other_passage")

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        if self._state.adding and self.submission_id and (self._is_derived or not self.quoted):
            self.quoted, self._is_derived = self._passage(), True

    def _is_in_text(self) -> bool:
        return bool(self.quoted) and self._passage() == self.quoted

    def _passage(self) -> str:
        is_range = self.start is not None and self.end is not None
        return self.submission.text[self.start : self.end] if is_range else ""


class GradingNote(Audited):
    """What a grader notes about a submission for their own eyes."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    author_path = "author"
    natural_key_fields = ("submission", "author")
    personal = Personal(of="submission", fields=("text",))

    submission = models.ForeignKey(
        AssessmentSubmission,
        models.PROTECT,
        related_name="grading_notes",
        db_index=False,
        verbose_name=_("submission"),
    )
    author = _of_staff(verbose_name=_("author"))
    text = ParagraphField(_("note"))

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("private note")
        verbose_name_plural = _("private notes")
        ordering = ["-id"]
        constraints = [
            UniqueRule(
                name="grading_note_unique",
                fields=["submission", "author"],
                field="text",
                code="note_exists",
                message=_("You have a note about this submission already."),
            ),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"


class SubmissionFlag(Audited):
    """One line about a submission, for a colleague to look at it."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    submission_path = "submission"
    natural_key_fields = ("submission",)
    personal = Personal(of="submission", fields=("text",))

    submission = models.OneToOneField(
        AssessmentSubmission, models.PROTECT, related_name="flag", verbose_name=_("submission")
    )
    text = LineField(_("what to look at"), max_length=200)
    flagged_by = _of_staff(verbose_name=_("flagged by"))
    flagged_at = models.DateTimeField(_("flagged"), default=timezone.now, editable=False)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text


class _OfOneGrader(models.Model):
    """What one grader has at one submission for a while: no history, and gone with the work.

    Without a constraint of the database: it is in nobody's way, and what is left over is unread.
    """

    submission = models.ForeignKey(
        AssessmentSubmission,
        models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("submission"),
    )
    grader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("grader"),
    )

    class Meta:
        abstract = True


class GradeDraft(_OfOneGrader):
    """What a grader has typed and not saved; nobody else reads it, and it is no grade."""

    personal = Personal(of="submission", fields=("payload",))

    payload = models.JSONField(_("typed"), null=True, blank=True)
    saved_at = models.DateTimeField(_("kept"), default=timezone.now)

    class Meta:
        verbose_name = _("draft of a grade")
        verbose_name_plural = _("drafts of grades")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "grader"], name="grade_draft_unique"),
        ]

    def __str__(self) -> str:
        return str(self.submission_id)


class PresenceQuerySet(models.QuerySet):
    """Query words for who is at which work."""

    def current(self) -> Self:
        """Without those who have been silent too long."""
        return self.filter(seen_at__gt=timezone.now() - SILENCE)


class GradingPresence(_OfOneGrader):
    """That somebody has a submission open. It lapses by itself and is in nobody's way."""

    since = models.DateTimeField(_("since"), default=timezone.now)
    seen_at = models.DateTimeField(_("last sign"), default=timezone.now)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("grader at work")
        verbose_name_plural = _("graders at work")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "grader"], name="grading_presence_unique"
            ),
        ]

    def __str__(self) -> str:
        return str(self.submission_id)

    @property
    def phrase(self) -> str:
        """Who is at the work, and for how long."""
        values = {"name": self.grader, "time": timesince(self.since, depth=1)}
        return gettext("Being graded by %(name)s, for %(time)s.") % values


class DeskPreference(models.Model):
    """How a grader likes the desk: whether single keys act, and in which order work comes."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person")
    )
    has_keys = models.BooleanField(_("single keys act"), default=True)

    class Meta:
        verbose_name = _("preference at the desk")
        verbose_name_plural = _("preferences at the desk")

    def __str__(self) -> str:
        return str(self.person_id)
