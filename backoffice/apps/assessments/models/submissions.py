"""What students hand in, question by question, and the marks it gets."""

from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueKey, CopiedValueTarget
from backoffice.admin_site.models.fields import ParagraphField, refuse_future
from backoffice.admin_site.models.rules import PresenceRule, RelatedRule, RowRule, UniqueRule
from backoffice.apps.assessments.models.assessments import Assessment, Question
from backoffice.apps.assessments.models.rubrics import RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.scoring import Scored
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal
from backoffice.operations.indexes import LongNameIndex


class SubmissionQuerySet(AuditedQuerySet):
    """Query words for submissions."""

    def ungraded(self) -> "SubmissionQuerySet":
        """Handed in and without a score."""
        return self.filter(status=AssessmentSubmission.Status.SUBMITTED, score__isnull=True)

    def counting(self) -> "SubmissionQuerySet":
        """Of each student's attempts at an assessment the one whose score is the grade.

        None of them where the grade is the average of several.
        """
        attempts = AssessmentSubmission._base_manager.filter(
            assessment=OuterRef("assessment"), student=OuterRef("student")
        )
        # An attempt without a score counts less than one with 0 points.
        points = Case(
            When(assessment__grading_method="highest", then=Coalesce("score", Decimal(-1)))
        )
        # The first attempt is the highest of negative numbers, and the last of positive ones.
        signed_attempt = F("attempt") * Case(
            When(assessment__grading_method="first", then=-1), default=1
        )
        order = ExpressionWrapper(signed_attempt, models.IntegerField())
        first = attempts.order_by(points.desc(), order.desc()).values("pk")[:1]
        several = Q(assessment__grading_method="average") & Exists(
            attempts.exclude(pk=OuterRef("pk"))
        )
        return self.filter(pk=Subquery(first)).exclude(several)


def not_graded_role(field: str, course: str, person: str) -> PresenceRule:
    """That somebody who only assists or observes in the course is not graded there."""
    return PresenceRule(
        field=field,
        model="users.Enrollment",
        match=(("student", person), ("course", course)),
        among=~Q(role="student"),
        is_wanted=False,
        message=_("This person only assists or observes in the course, and gets no grade."),
        code="not_graded_role",
    )


class AssessmentSubmission(Scored):
    """One attempt of one student at one assessment."""

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", _("in progress")
        SUBMITTED = "submitted", _("submitted")
        GRADED = "graded", _("graded")
        FINALIZED = "finalized", _("final")

    # What makes another version of the grade, for files that carry the one they were made from.
    GRADE_FIELDS: ClassVar[tuple[str, ...]] = ("score", "status", "feedback", "grader_id")

    course_path = "assessment__course"
    person_path = "student"
    natural_key_fields = ("assessment", "student", "attempt")
    personal = Personal(of="student", fields=("text",))
    history_sought_by = (("assessment", "student"),)
    history_indexes = (
        models.Index(
            fields=["change_set"],
            condition=models.Q(status="finalized", history_type="~"),
            name="final_grade_changes_idx",
        ),
    )
    maximum_path = ("assessment", "max_score")
    points_field = "score"
    set_by_actions = ("status", "submitted_at", "graded_at")

    # Neither has an index of its own: the unique triple begins with one, an index with the other.
    assessment = models.ForeignKey(
        Assessment,
        models.PROTECT,
        related_name="submissions",
        db_index=False,
        verbose_name=_("assessment"),
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="submissions",
        db_index=False,
        verbose_name=_("student"),
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.SUBMITTED)
    text = ParagraphField(_("text"), blank=True)
    score = models.DecimalField(
        _("score"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Blank means not graded."),
    )
    is_late = models.BooleanField(_("late"), default=False)
    is_banked = models.BooleanField(
        _("banked"),
        default=False,
        help_text=_("The score was carried over from an earlier presentation."),
    )
    grader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="graded_submissions",
        verbose_name=_("graded by"),
    )
    feedback = ParagraphField(_("feedback"), blank=True)
    version = models.PositiveIntegerField(
        _("version"), default=1, editable=False, help_text=_("Counts the changes of the grade.")
    )
    started_at = models.DateTimeField(
        _("started"), null=True, blank=True, validators=[refuse_future]
    )
    submitted_at = models.DateTimeField(
        _("submitted"), null=True, blank=True, validators=[refuse_future]
    )
    graded_at = models.DateTimeField(_("graded"), null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta(Audited.Meta):
        db_table = "assessments_submission"
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "id"], name="submission_status_idx"),
            models.Index(fields=["score", "id"], name="submission_score_idx"),
            models.Index(fields=["id"], condition=Q(is_late=True), name="submission_late_idx"),
            # What waits for marking is little of much.
            models.Index(
                fields=["assessment", "submitted_at"],
                condition=Q(status="submitted", score__isnull=True),
                name="submission_waiting_idx",
            ),
            LongNameIndex(
                fields=["student", "-submitted_at"],
                name="assessments_submission_student_submitted_idx",
            ),
        ]
        constraints = [
            CopiedValueTarget(name="submission_student_copied", copied="student"),
            CopiedValueKey(
                name="submission_maximum_kept",
                reference="assessment",
                copy="maximum",
                of="max_score",
            ),
            UniqueRule(
                name="submission_attempt_unique",
                fields=["assessment", "student", "attempt"],
                field="attempt",
                code="attempt_exists",
                message=_("There is this attempt of this student already."),
            ),
            RowRule(
                name="submission_attempt_counts",
                condition=Q(attempt__gte=1),
                field="attempt",
                code="out_of_range",
                message=_("Attempts are counted from 1."),
            ),
            RowRule(
                name="submission_score_not_negative",
                condition=Q(score__gte=0),
                field="score",
                code="score_negative",
                message=_("A score is 0 or more."),
            ),
            RowRule(
                name="submission_score_within",
                condition=Q(score__lte=F("maximum")),
                field="score",
                code="score_above_maximum",
                message=_("The score is above the maximum score of the assessment."),
            ),
            RowRule(
                name="submission_graded_has_score",
                condition=~Q(status__in=("graded", "finalized")) | Q(score__isnull=False),
                field="score",
                code="score_missing",
                message=_("Work that is graded or final has a score. Enter it."),
            ),
            RowRule(
                name="submission_not_self_graded",
                condition=~Q(grader=F("student")),
                field="grader",
                code="self_graded",
                message=_("Nobody grades their own submission."),
            ),
            RowRule(
                name="submission_times_in_order",
                condition=Q(submitted_at__gte=F("started_at")),
                field="submitted_at",
                code="submitted_before_start",
                message=_("It was submitted before it was started. Correct one of the two times."),
            ),
            RowRule(
                name="submission_graded_after_submitted",
                condition=Q(graded_at__gte=F("submitted_at")),
                field="graded_at",
                code="graded_before_submitted",
                message=_("It was graded before it was submitted. Correct one of the two times."),
            ),
        ]

    related_rules = (
        RelatedRule(
            name="submission_attempts_left",
            field="attempt",
            condition=Q(attempt__lte=F("assessment__max_attempts")),
            message=_("The assessment does not allow so many attempts."),
            code="too_many_attempts",
        ),
    )

    presence_rules = (
        PresenceRule(
            field="student",
            model="users.Enrollment",
            match=(("student", "student"), ("course", "assessment__course")),
            message=_("This person is not enrolled in the course of the assessment."),
            code="not_enrolled",
        ),
        not_graded_role("student", "assessment__course", person="student"),
    )

    def __str__(self) -> str:
        named = f"{self.assessment} – {self.student}"
        return named if self.attempt == 1 else f"{named}, {_('attempt')} {self.attempt}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and self._is_regraded():
            self.version += 1
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "version"}
        super().save(*args, **kwargs)

    def _is_regraded(self) -> bool:
        # Compared with what is stored: the row in memory does not know what it was read with.
        stored = type(self)._base_manager.filter(pk=self.pk).values_list(*self.GRADE_FIELDS)
        return stored.first() != tuple(getattr(self, name) for name in self.GRADE_FIELDS)

    def needs_reason_from(self, user: Any) -> bool:
        return self.status == self.Status.FINALIZED


class QuestionResponse(Scored):
    """The answer to one question in one submission."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    submission_path = "submission"
    natural_key_fields = ("submission", "question")
    personal = Personal(of="submission", fields=("answer",))
    maximum_path = ("question", "points")
    points_field = "score"

    submission = models.ForeignKey(
        AssessmentSubmission,
        models.PROTECT,
        related_name="responses",
        db_index=False,
        verbose_name=_("submission"),
    )
    question = models.ForeignKey(
        Question, models.PROTECT, related_name="responses", verbose_name=_("question")
    )
    answer = ParagraphField(_("answer"), blank=True)
    score = models.DecimalField(
        _("points"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Blank means not graded."),
    )
    feedback = ParagraphField(_("feedback"), blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        ordering = ["submission", "question__position", "id"]
        constraints = [
            CopiedValueKey(
                name="response_maximum_kept", reference="question", copy="maximum", of="points"
            ),
            UniqueRule(
                name="response_unique",
                fields=["submission", "question"],
                field="question",
                code="response_exists",
                message=_("This question is answered in this submission already."),
            ),
            RowRule(
                name="response_score_not_negative",
                condition=Q(score__gte=0),
                field="score",
                code="score_negative",
                message=_("Points are 0 or more."),
            ),
            RowRule(
                name="response_score_within",
                condition=Q(score__lte=F("maximum")),
                field="score",
                code="score_above_maximum",
                message=_("The question does not give so many points."),
            ),
        ]

    presence_rules = (
        not_graded_role(
            "submission", "submission__assessment__course", person="submission__student"
        ),
    )
    related_rules = (
        RelatedRule(
            name="response_of_assessment",
            field="question",
            condition=Q(question__assessment=F("submission__assessment")),
            message=_("This question belongs to another assessment."),
            code="other_assessment",
        ),
    )

    def __str__(self) -> str:
        return f"{self.submission} – {self.question}"


class CriterionScore(Scored):
    """The points a submission gets for one criterion of the rubric."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    submission_path = "submission"
    natural_key_fields = ("submission", "criterion")
    maximum_path = ("criterion", "max_points")

    submission = models.ForeignKey(
        AssessmentSubmission,
        models.PROTECT,
        related_name="criterion_scores",
        db_index=False,
        verbose_name=_("submission"),
    )
    criterion = models.ForeignKey(
        RubricCriterion, models.PROTECT, related_name="scores", verbose_name=_("criterion")
    )
    level = models.ForeignKey(
        RubricLevel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="scores",
        verbose_name=_("level"),
    )
    points = models.DecimalField(_("points"), max_digits=7, decimal_places=2)
    comment = ParagraphField(_("comment"), blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("criterion score")
        verbose_name_plural = _("criterion scores")
        ordering = ["submission", "criterion__position", "id"]
        constraints = [
            CopiedValueKey(
                name="criterion_score_maximum_kept",
                reference="criterion",
                copy="maximum",
                of="max_points",
            ),
            UniqueRule(
                name="criterion_score_unique",
                fields=["submission", "criterion"],
                field="criterion",
                code="score_exists",
                message=_("The submission has points for this criterion already."),
            ),
            RowRule(
                name="criterion_score_not_negative",
                condition=Q(points__gte=0),
                field="points",
                code="points_negative",
                message=_("Points are 0 or more."),
            ),
            RowRule(
                name="criterion_score_within",
                condition=Q(points__lte=F("maximum")),
                field="points",
                code="points_above_maximum",
                message=_("The criterion does not give so many points."),
            ),
        ]

    presence_rules = (
        not_graded_role(
            "submission", "submission__assessment__course", person="submission__student"
        ),
    )
    related_rules = (
        RelatedRule(
            name="criterion_score_level",
            field="level",
            condition=Q(level__criterion=F("criterion")),
            message=_("This level belongs to another criterion."),
            code="other_criterion",
        ),
    )

    def __str__(self) -> str:
        return f"{self.criterion}: {self.points}"
