"""The marks that make up a grade: points for questions and for criteria.

A mark that changes makes another version of its grade, and the score follows; see `regrading`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueKey
from backoffice.admin_site.models.fields import ParagraphField
from backoffice.admin_site.models.points import PointsField
from backoffice.admin_site.models.rules import RelatedRule, RowRule, UniqueRule
from backoffice.admin_site.models.trigger_rules import TriggerRule
from backoffice.apps.assessments.models.assessments import Question
from backoffice.apps.assessments.models.finality import HasFinality
from backoffice.apps.assessments.models.levels import points_of_level_rule
from backoffice.apps.assessments.models.rubrics import RubricCriterion, RubricLevel, hold_rubric
from backoffice.apps.assessments.models.scoring import Scored
from backoffice.apps.assessments.models.submissions import AssessmentSubmission, not_graded_role
from backoffice.apps.assessments.models.totals import computed_score
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal
from backoffice.audit.record.recording import current_record

Status = AssessmentSubmission.Status
# SQL, of a row: its criterion is of another rubric than the one that marks the work.
OTHER_RUBRIC = (
    "NOT EXISTS (SELECT 1 FROM assessments_rubriccriterion c, assessments_submission s "
    "JOIN assessments_assessment a ON a.id = s.assessment_id "
    'WHERE c.id = {row}."criterion_id" AND s.id = {row}."submission_id" '
    "AND c.rubric_id = coalesce(s.rubric_id, a.rubric_id))"
)
_open: ContextVar[dict[int, AssessmentSubmission] | None] = ContextVar("regrading", default=None)


@contextmanager
def regrading(*held: AssessmentSubmission) -> Iterator[None]:
    """All marks that change inside make one new version of each grade, at the end.

    `held` are submissions in memory that are saved then too, with what was set on them.
    """
    touched = {row.pk: row for row in held}
    token = _open.set(touched)
    try:
        with transaction.atomic():
            yield
            for row in touched.values():
                settle(row)
    finally:
        _open.reset(token)


def settle(submission: AssessmentSubmission) -> None:
    """Make the score follow its marks, and save the grade as one version."""
    if submission.status == Status.FINALIZED:
        return  # marks that come together with final work: the grade stands
    before = submission.computed_score
    submission.computed_score = computed_score(submission)
    if submission.rubric_id is None and submission.criterion_scores.exists():
        submission.rubric = submission.assessment.rubric
    if submission.computed_score not in (None, submission.score):
        _follow(submission, before)
    submission.save()


def _follow(submission: AssessmentSubmission, before: Any) -> None:
    is_given = submission.score is not None and submission.score != before
    if is_given or submission.override_reason:
        submission.override_reason = submission.override_reason or gettext(
            "The score was given by itself, and the criteria after it."
        )
    elif submission.status in (Status.SUBMITTED, Status.GRADED):
        submission.score, submission.status = submission.computed_score, Status.GRADED
        record = current_record()
        grader: Any = record and record.known_actor
        submission.grader = grader or submission.grader
        submission.graded_at = timezone.now()


class GradePart(Scored):
    """A row that is part of a grade; `marks` names what of it is."""

    marks: ClassVar[tuple[str, ...]] = ()

    class Meta(Scored.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_changed = self._is_remarked()
        with transaction.atomic():
            super().save(*args, **kwargs)
            if is_changed:
                self._regrade()

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            outcome = super().delete(*args, **kwargs)
            self._regrade()
        return outcome

    def _is_remarked(self) -> bool:
        values = tuple(getattr(self, name) for name in self.marks)
        stored = type(self)._base_manager.filter(pk=self.pk).values_list(*self.marks).first()
        return values != stored if stored else any(each not in (None, "") for each in values)

    def _regrade(self) -> None:
        submission: AssessmentSubmission = self.submission  # type: ignore[attr-defined]
        touched = _open.get()
        if touched is not None:
            touched.setdefault(submission.pk, submission).has_changed_parts = True
            return
        locked = AssessmentSubmission._base_manager.select_for_update(of=("self",))
        submission.refresh_from_db(from_queryset=locked)
        submission.has_changed_parts = True
        settle(submission)


class QuestionResponse(HasFinality, GradePart):
    """The answer to one question in one submission."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    submission_path = "submission"
    natural_key_fields = ("submission", "question")
    personal = Personal(of="submission", fields=("answer",))
    maximum_path = ("question", "points")
    points_field = "score"
    marks = ("score", "feedback")
    final_fields = ("score", "feedback", "submission", "question")

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
    score = PointsField(
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


class CriterionScore(HasFinality, GradePart):
    """The points a submission gets for one criterion of the rubric."""

    course_path = "submission__assessment__course"
    person_path = "submission__student"
    submission_path = "submission"
    natural_key_fields = ("submission", "criterion")
    maximum_path = ("criterion", "max_points")
    marks = ("points", "level_id", "comment")
    final_fields = ("points", "level", "comment", "submission", "criterion")

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
    points = PointsField(_("points"), max_digits=7, decimal_places=2)
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

    trigger_rules = (
        TriggerRule(
            name="criterion_score_rubric",
            field="criterion",
            watches=("criterion", "submission"),
            broken=OTHER_RUBRIC,
            is_broken=lambda row: row.is_of_other_rubric,
            message=_("This criterion belongs to another rubric than the work is marked by."),
            code="other_rubric",
        ),
        points_of_level_rule("criterion_score_points"),
    )

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            # A foreign key is checked when the transaction ends: too late to see an edit.
            if rubric := self.submission.marking_rubric_id:
                hold_rubric(rubric)
            super().save(*args, **kwargs)

    @property
    def is_of_other_rubric(self) -> bool:
        """Whether the criterion is of another rubric than the one that marks the work."""
        if None in (self.criterion_id, self.submission_id):
            return False
        return self.criterion.rubric_id != self.submission.marking_rubric_id

    def __str__(self) -> str:
        return f"{self.criterion}: {self.points}"
