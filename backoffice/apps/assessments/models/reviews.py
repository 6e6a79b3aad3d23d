"""Students who look at each other's work."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueKey
from backoffice.admin_site.models.fields import ParagraphField
from backoffice.admin_site.models.rules import PresenceRule, RowRule, UniqueRule
from backoffice.apps.assessments.models.rubrics import RubricCriterion
from backoffice.apps.assessments.models.scoring import Scored
from backoffice.apps.assessments.models.submissions import AssessmentSubmission
from backoffice.audit.models import Audited, AuditedQuerySet


class PeerReview(Audited):
    """One student's review of another's submission."""

    class Status(models.TextChoices):
        ASSIGNED = "assigned", _("assigned")
        SUBMITTED = "submitted", _("submitted")

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    record_paths = ("reviewer", "author")
    natural_key_fields = ("submission", "reviewer")
    set_by_actions = ("status", "submitted_at")

    submission = models.ForeignKey(
        AssessmentSubmission,
        models.PROTECT,
        related_name="peer_reviews",
        db_index=False,
        verbose_name=_("submission"),
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="peer_reviews",
        verbose_name=_("reviewer"),
    )
    # A copy of the submission's student, so that the database can refuse a review of one's own.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        blank=True,
        editable=False,
        db_index=False,
        verbose_name=_("author"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ASSIGNED)
    feedback = ParagraphField(_("feedback"), blank=True)
    assigned_at = models.DateTimeField(_("assigned"), auto_now_add=True)
    due_date = models.DateTimeField(_("due"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("peer review")
        verbose_name_plural = _("peer reviews")
        ordering = ["-id"]
        constraints = [
            CopiedValueKey(
                name="review_author_kept", reference="submission", copy="author", of="student"
            ),
            UniqueRule(
                name="review_unique",
                fields=["submission", "reviewer"],
                field="reviewer",
                code="already_reviewing",
                message=_("This person reviews this submission already."),
            ),
            RowRule(
                name="review_not_of_own_work",
                condition=~Q(reviewer=F("author")),
                field="reviewer",
                code="self_review",
                message=_("Nobody reviews their own work. Choose another reviewer."),
            ),
        ]

    presence_rules = (
        # Whoever withdrew since has written the review nevertheless.
        PresenceRule(
            field="reviewer",
            model="users.Enrollment",
            match=(("student", "reviewer"), ("course", "submission__assessment__course")),
            among=Q(role="student") & ~Q(status="withdrawn"),
            is_lasting=False,
            message=_(
                "The reviewer is no student of this course, or has withdrawn from it. Choose "
                "somebody who takes it."
            ),
            code="not_in_course",
        ),
    )

    def __str__(self) -> str:
        return f"{self.submission} – {self.reviewer}"

    def needs_reason_from(self, user: Any) -> bool:
        return True  # it is the reviewer's, not the instructor's

    def clean_fields(self, exclude: Any = None) -> None:
        self._set_author()
        super().clean_fields(exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._set_author()
        super().save(*args, **kwargs)

    def _set_author(self) -> None:
        if self.submission_id:
            self.author_id = self.submission.student_id


class PeerReviewScore(Scored):
    """The points a reviewer gives for one criterion."""

    course_path = "review__submission__assessment__course"
    person_path = "review__submission__student"
    record_paths = ("review__reviewer", "review__author")
    natural_key_fields = ("review", "criterion")
    maximum_path = ("criterion", "max_points")

    review = models.ForeignKey(
        PeerReview, models.PROTECT, related_name="scores", db_index=False, verbose_name=_("review")
    )
    criterion = models.ForeignKey(
        RubricCriterion, models.PROTECT, related_name="peer_scores", verbose_name=_("criterion")
    )
    points = models.DecimalField(_("points"), max_digits=7, decimal_places=2)
    comment = ParagraphField(_("comment"), blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("peer review score")
        verbose_name_plural = _("peer review scores")
        ordering = ["review", "criterion__position", "id"]
        constraints = [
            CopiedValueKey(
                name="review_score_maximum_kept",
                reference="criterion",
                copy="maximum",
                of="max_points",
            ),
            UniqueRule(
                name="review_score_unique",
                fields=["review", "criterion"],
                field="criterion",
                code="score_exists",
                message=_("The review has points for this criterion already."),
            ),
            RowRule(
                name="review_score_not_negative",
                condition=Q(points__gte=0),
                field="points",
                code="points_negative",
                message=_("Points are 0 or more."),
            ),
            RowRule(
                name="review_score_within",
                condition=Q(points__lte=F("maximum")),
                field="points",
                code="points_above_maximum",
                message=_("The criterion does not give so many points."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.points}"
