"""Students who look at each other's work."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueKey
from backoffice.admin_site.models.fields import ParagraphField
from backoffice.admin_site.models.points import PointsField
from backoffice.admin_site.models.rules import PresenceRule, RelatedRule, RowRule, UniqueRule
from backoffice.admin_site.models.trigger_rules import TriggerRule
from backoffice.apps.assessments.models.levels import points_of_level_rule
from backoffice.apps.assessments.models.participants import participant_name
from backoffice.apps.assessments.models.rubrics import RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.scoring import Scored
from backoffice.apps.assessments.models.submissions import AssessmentSubmission
from backoffice.audit.models import Audited, AuditedQuerySet

# SQL, of a row: it counts as submitted and has no moment, no points for a criterion or no words.
INCOMPLETE = (
    '{row}."status" = \'submitted\' AND ({row}."submitted_at" IS NULL OR coalesce('
    "(SELECT max(CASE WHEN p.id IS NULL THEN 1 ELSE 0 END) FROM assessments_submission s "
    "JOIN assessments_assessment a ON a.id = s.assessment_id "
    "JOIN assessments_rubriccriterion c ON c.rubric_id = coalesce(s.rubric_id, a.rubric_id) "
    "LEFT JOIN assessments_peerreviewscore p ON p.criterion_id = c.id "
    'AND p.review_id = {row}."id" WHERE s.id = {row}."submission_id"), '
    "CASE WHEN {row}.\"feedback\" = '' THEN 1 ELSE 0 END) = 1)"
)
# SQL, of a row: its criterion is of another rubric than the one that marks the reviewed work.
OTHER_RUBRIC = (
    "NOT EXISTS (SELECT 1 FROM assessments_rubriccriterion c, assessments_peerreview r "
    "JOIN assessments_submission s ON s.id = r.submission_id "
    "JOIN assessments_assessment a ON a.id = s.assessment_id "
    'WHERE c.id = {row}."criterion_id" AND r.id = {row}."review_id" '
    "AND c.rubric_id = coalesce(s.rubric_id, a.rubric_id))"
)


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

    trigger_rules = (
        TriggerRule(
            name="review_complete",
            field="status",
            watches=("status", "submitted_at"),
            broken=INCOMPLETE,
            is_broken=lambda row: row.is_submitted and row.is_incomplete,
            message=_(
                "A submitted review has points for every criterion of the rubric; without a "
                "rubric it has words. Enter them first, and submit it then."
            ),
            code="incomplete",
            comes_first=True,
        ),
    )

    def __str__(self) -> str:
        submission = self.submission
        assessment = submission.assessment
        values = {
            "reviewer": participant_name(self.reviewer, assessment.pk),
            "author": participant_name(submission.student, assessment.pk),
            "assessment": assessment.code,
            "attempt": submission.attempt,
        }
        if submission.attempt == 1:
            return _("%(reviewer)s reviews %(author)s, %(assessment)s") % values
        return _("%(reviewer)s reviews %(author)s, %(assessment)s, attempt %(attempt)d") % values

    @property
    def is_submitted(self) -> bool:
        return self.status == self.Status.SUBMITTED

    @property
    def is_incomplete(self) -> bool:
        """Whether a moment or a criterion's points are missing; without a rubric, words."""
        if self.submitted_at is None:
            return True
        criteria = RubricCriterion.objects.filter(rubric=self.submission.marking_rubric_id)
        if criteria.exists():
            scored = PeerReviewScore.objects.filter(review=self.pk).values("criterion")
            return criteria.exclude(pk__in=scored).exists()
        return not self.feedback

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
    marks = ("points", "level_id", "comment")  # what of it a reviewer gives

    review = models.ForeignKey(
        PeerReview, models.PROTECT, related_name="scores", db_index=False, verbose_name=_("review")
    )
    criterion = models.ForeignKey(
        RubricCriterion, models.PROTECT, related_name="peer_scores", verbose_name=_("criterion")
    )
    level = models.ForeignKey(
        RubricLevel,
        models.PROTECT,
        null=True,
        blank=True,
        # A level is deleted seldom, and never one that was chosen.
        db_index=False,
        related_name="peer_scores",
        verbose_name=_("level"),
    )
    points = PointsField(_("points"), max_digits=7, decimal_places=2)
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

    related_rules = (
        RelatedRule(
            name="review_score_level",
            field="level",
            condition=Q(level__criterion=F("criterion")),
            message=_("This level belongs to another criterion."),
            code="other_criterion",
        ),
    )
    trigger_rules = (
        TriggerRule(
            name="review_score_rubric",
            field="criterion",
            watches=("criterion", "review"),
            broken=OTHER_RUBRIC,
            is_broken=lambda row: row.is_of_other_rubric,
            message=_("This criterion belongs to another rubric than the work is marked by."),
            code="other_rubric",
        ),
        points_of_level_rule("review_score_points"),
    )

    @property
    def is_of_other_rubric(self) -> bool:
        """Whether the criterion is of another rubric than the one that marks the work."""
        if None in (self.criterion_id, self.review_id):
            return False
        return self.criterion.rubric_id != self.review.submission.marking_rubric_id

    def __str__(self) -> str:
        return f"{self.criterion}: {self.points}"

    def deletion_refusal(self) -> Any:
        if self.review.is_submitted:
            return _("The review was submitted with these points. Give it back first.")
        return ""
