"""What students hand in, question by question, and the marks it gets."""

from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueKey, CopiedValueTarget
from backoffice.admin_site.models.fields import LineField, ParagraphField, refuse_future
from backoffice.admin_site.models.points import PointsField
from backoffice.admin_site.models.rules import PresenceRule, RelatedRule, RowRule, UniqueRule
from backoffice.admin_site.models.trigger_rules import DerivedColumn, LenientRowRule, TriggerRule
from backoffice.apps.assessments.models.assessments import Assessment
from backoffice.apps.assessments.models.finality import HasFinality
from backoffice.apps.assessments.models.rubrics import GradingRubric
from backoffice.apps.assessments.models.scoring import Scored
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal
from backoffice.operations.indexes import LongNameIndex


class SubmissionQuerySet(AuditedQuerySet):
    """Query words for submissions."""

    def ungraded(self) -> "SubmissionQuerySet":
        """Handed in and without a score."""
        return self.filter(status=AssessmentSubmission.Status.SUBMITTED, score__isnull=True)

    def posted(self) -> "SubmissionQuerySet":
        """Work whose grade its student may see, final or not."""
        return self.filter(posted_at__isnull=False)

    def not_posted(self) -> "SubmissionQuerySet":
        """Graded work whose grade nobody has posted yet."""
        return self.filter(status=AssessmentSubmission.Status.GRADED, posted_at__isnull=True)

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


# SQL, of a row: it was handed in after it was due.
IS_LATE = (
    '({row}."submitted_at" IS NOT NULL AND {row}."submitted_at" > coalesce((SELECT a.due_date '
    'FROM assessments_assessment a WHERE a.id = {row}."assessment_id"), {row}."submitted_at"))'
)


# SQL, of a row: its score is more than the assessment gives, bonus points included.
ABOVE_LIMIT = (
    '{row}."score" > (SELECT a.max_score + a.bonus_points FROM assessments_assessment a '
    'WHERE a.id = {row}."assessment_id")'
)
ABOVE_MAXIMUM = _("The score is above the maximum score of the assessment.")


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


class AssessmentSubmission(HasFinality, Scored):
    """One attempt of one student at one assessment."""

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", _("in progress")
        SUBMITTED = "submitted", _("submitted")
        GRADED = "graded", _("graded")
        FINALIZED = "finalized", _("final")

    # What makes another version of the grade, for files that carry the one they were made from.
    GRADE_FIELDS: ClassVar[tuple[str, ...]] = (
        *("score", "status", "feedback", "grader_id"),
        "override_reason",
    )

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
    final_fields = (
        "score",
        "feedback",
        "override_reason",
        "status",
        "grader",
        "assessment",
        "student",
        "attempt",
        "posted_at",
    )
    maximum_path = ("assessment", "max_score")
    points_field = "score"
    set_by_actions = ("status", "submitted_at", "graded_at", "posted_at")
    derived_columns = (
        DerivedColumn(
            name="submission_is_late",
            field="is_late",
            watches=("submitted_at", "assessment"),
            value=IS_LATE,
            sources=(("assessment", ("due_date",)),),
        ),
    )
    # Whether points, levels or comments of its parts differ from those of the last version.
    has_changed_parts: bool = False

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
    score = PointsField(
        _("score"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Blank means not graded."),
    )
    # From criteria or questions; None while one of them has no points.
    computed_score = PointsField(
        _("computed score"), max_digits=7, decimal_places=2, null=True, blank=True, editable=False
    )
    override_reason = LineField(
        _("why the score differs"),
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text=_("Needed where it is not the one that criteria or questions give."),
    )
    rubric = models.ForeignKey(
        GradingRubric,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="marked_submissions",
        verbose_name=_("marked by"),
    )
    is_late = models.BooleanField(_("late"), default=False, editable=False)
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
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True, editable=False)

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
            models.Index(fields=["posted_at", "id"], name="submission_posted_idx"),
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
            LenientRowRule(
                name="submission_override_explained",
                condition=Q(computed_score__isnull=True)
                | Q(score__isnull=True)
                | Q(score=F("computed_score"))
                | ~Q(override_reason=""),
                field="override_reason",
                code="override_unexplained",
                message=_(
                    "The score is not the one that criteria or questions give. Enter that one, or "
                    "say why it differs."
                ),
            ),
            LenientRowRule(
                name="submission_graded_has_score",
                condition=~Q(status__in=("graded", "finalized")) | Q(score__isnull=False),
                field="score",
                code="score_missing",
                message=_("Work that is graded or final has a score. Enter it."),
            ),
            LenientRowRule(
                name="submission_posted_has_score",
                condition=Q(posted_at__isnull=True) | Q(score__isnull=False),
                field="score",
                code="posted_without_score",
                message=_("Posted work has a score. Enter it, or take the grade back first."),
            ),
            LenientRowRule(
                name="submission_final_is_posted",
                condition=~Q(status="finalized")
                | Q(score__isnull=True)  # a rule of its own
                | Q(posted_at__isnull=False),
                field="status",
                code="final_not_posted",
                message=_("A final grade is posted: say when."),
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
        RelatedRule(
            name="submission_score_within",
            field="score",
            condition=Q(score__lte=F("assessment__max_score") + F("assessment__bonus_points")),
            message=ABOVE_MAXIMUM,
            code="score_above_maximum",
        ),
    )
    # The maximum stands here too, the bonus does not: a check constraint sees one row only.
    trigger_rules = (
        TriggerRule(
            name="submission_score_within",
            field="score",
            watches=("score", "maximum", "assessment"),
            broken=ABOVE_LIMIT,
            is_broken=lambda row: False,  # the related rule of this name says so
            message=ABOVE_MAXIMUM,
            code="score_above_maximum",
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

    @property
    def is_override(self) -> bool:
        """Whether the score is another one than criteria or questions give."""
        scores = (self.score, self.computed_score)
        return None not in scores and self.score != self.computed_score

    @property
    def is_posted(self) -> bool:
        """Whether the student may see the grade."""
        return self.posted_at is not None or self.status == self.Status.FINALIZED

    @property
    def limit(self) -> Decimal:
        """The most points it can get: the maximum, lifted by the bonus points of the assessment."""
        return self.maximum + self.assessment.bonus_points

    @property
    def marking_rubric_id(self) -> int | None:
        """The rubric by which it was marked, or else will be."""
        return self.rubric_id or self.assessment.rubric_id

    def derive(self) -> None:
        """Set what follows from other fields.

        Lateness, no reason without an override, and when a final grade was posted.
        """
        due, at = self.assessment.due_date, self.submitted_at
        self.is_late = at is not None and due is not None and at > due
        if not self.is_override:
            self.override_reason = ""
        self.post_if_final()

    def post_if_final(self) -> None:
        """A final grade is posted: now, where it was not before."""
        if self.status == self.Status.FINALIZED and self.posted_at is None:
            self.posted_at = timezone.now()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive()
        names = {"is_late", "override_reason"}
        if self.status == self.Status.FINALIZED:
            names.add("posted_at")
        if not self._state.adding and (self.has_changed_parts or self._is_regraded()):
            self.version += 1
            self.has_changed_parts = False
            names.add("version")
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], *names}
        super().save(*args, **kwargs)

    def _is_regraded(self) -> bool:
        # Compared with what is stored: the row in memory does not know what it was read with.
        stored = type(self)._base_manager.filter(pk=self.pk).values_list(*self.GRADE_FIELDS)
        return stored.first() != tuple(getattr(self, name) for name in self.GRADE_FIELDS)
