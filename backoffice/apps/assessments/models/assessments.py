"""Assessments and their questions."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueTarget
from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import (
    RelatedRule,
    RowRule,
    TotalRule,
    UniqueRule,
    Violation,
)
from backoffice.apps.assessments.models.rubrics import GradingRubric
from backoffice.apps.assessments.models.scoring import SetsMaximum
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.operations.indexes import LongNameIndex


class Assessment(SetsMaximum):
    """A quiz, an assignment or an exam of a course."""

    class Kind(models.TextChoices):
        QUIZ = "quiz", _("quiz")
        ASSIGNMENT = "assignment", _("assignment")
        EXAM = "exam", _("exam")
        TMA = "TMA", _("tutor-marked assignment (TMA)")
        CMA = "CMA", _("computer-marked assignment (CMA)")

    class GradingMethod(models.TextChoices):
        HIGHEST = "highest", _("highest attempt")
        LATEST = "latest", _("latest attempt")
        FIRST = "first", _("first attempt")
        AVERAGE = "average", _("average of all attempts")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        CLOSED = "closed", _("closed")

    course_path = "course"
    natural_key_fields = ("course", "code")
    history_excludes = ("updated_at",)
    history_sought_by = (("course",),)
    maximum_field = "max_score"
    scored = ("submissions",)
    set_by_actions = ("status",)
    needed_in = {"published": ("due_date",)}

    # No index of its own: two indexes begin with the course.
    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        related_name="assessments",
        db_index=False,
        verbose_name=_("course"),
    )
    code = LineField(
        _("code"), max_length=50, help_text=_("What files know it by, for example 1752.")
    )
    title = LineField(
        _("title"),
        max_length=200,
        blank=True,
        help_text=_("Without one, kind and code stand for it."),
    )
    description = ParagraphField(_("description"), blank=True)
    assessment_type = models.CharField(
        _("kind"), max_length=12, choices=Kind, default=Kind.ASSIGNMENT
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    weight = models.DecimalField(
        _("weight"),
        max_digits=6,
        decimal_places=2,
        default=0,
        help_text=_("Its part in the course grade, in percent. 0 does not count."),
    )
    max_score = models.DecimalField(_("maximum score"), max_digits=7, decimal_places=2, default=100)
    passing_score = models.DecimalField(
        _("passing score"), max_digits=7, decimal_places=2, null=True, blank=True
    )
    grading_method = models.CharField(
        _("which attempt counts"),
        max_length=8,
        choices=GradingMethod,
        default=GradingMethod.HIGHEST,
    )
    rubric = models.ForeignKey(
        GradingRubric,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assessments",
        verbose_name=_("rubric"),
    )
    available_from = models.DateTimeField(_("available from"), null=True, blank=True)
    due_date = models.DateTimeField(_("due"), null=True, blank=True)
    time_limit_minutes = models.PositiveSmallIntegerField(
        _("time limit in minutes"), null=True, blank=True, help_text=_("Blank means without limit.")
    )
    max_attempts = models.PositiveSmallIntegerField(
        _("attempts at most"),
        null=True,
        blank=True,
        default=1,
        help_text=_("Blank means without limit."),
    )
    allow_late_submission = models.BooleanField(_("accept late work"), default=False)
    auto_generate_feedback = models.BooleanField(_("draft feedback automatically"), default=False)
    plagiarism_check = models.BooleanField(_("check for plagiarism"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last saved"), auto_now=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ["course", "due_date", "code"]
        indexes = [
            LongNameIndex(
                fields=["course", "assessment_type"], name="assessments_assessment_course_type_idx"
            ),
        ]
        constraints = [
            CopiedValueTarget(name="assessment_max_score_copied", copied="max_score"),
            UniqueRule(
                name="assessment_code_unique",
                fields=["course", "code"],
                field="code",
                code="code_taken",
                message=_("Another assessment of this course has this code already."),
            ),
            RowRule(
                name="assessment_weight_not_negative",
                condition=Q(weight__gte=0),
                field="weight",
                code="weight_negative",
                message=_("A weight is 0 or more."),
            ),
            RowRule(
                name="assessment_max_score_positive",
                condition=Q(max_score__gt=0),
                field="max_score",
                code="not_positive",
                message=_("A maximum score is more than 0."),
            ),
            RowRule(
                name="assessment_passing_within",
                condition=Q(passing_score__gte=0, passing_score__lte=F("max_score")),
                field="passing_score",
                code="out_of_range",
                message=_("A passing score lies between 0 and the maximum score."),
            ),
            RowRule(
                name="assessment_dates_in_order",
                condition=Q(due_date__gte=F("available_from")),
                field="due_date",
                code="due_before_available",
                message=_("It is due before it is available. Correct one of the two times."),
            ),
        ]

    total_rule = TotalRule(
        field="course",
        summed="weight",
        most=100,
        message=_(
            "With this, the weights of %(place)s come to %(total)s %%, which is more than "
            "%(most)d %%."
        ),
        code="weights_over",
    )
    related_rules = (
        RelatedRule(
            name="assessment_rubric_of_course",
            field="rubric",
            condition=Q(rubric__course=F("course")),
            message=_("This rubric belongs to another course."),
            code="other_course",
        ),
    )

    def __str__(self) -> str:
        return self.title or f"{self.get_assessment_type_display()} {self.code}"

    @property
    def is_answered(self) -> bool:
        """Whether anybody has handed in work, or begun to."""
        return not self._state.adding and self.submissions.exists()

    def needs_reason_from(self, user: Any) -> bool:
        # Students rely on what was released; and an admin teaches no course.
        is_released = self.status != self.Status.DRAFT or self.is_answered
        return user.role == "admin" or is_released


class Question(SetsMaximum):
    """One question of an assessment."""

    class Kind(models.TextChoices):
        SINGLE_CHOICE = "single_choice", _("one answer of several")
        MULTIPLE_CHOICE = "multiple_choice", _("several answers of several")
        TRUE_FALSE = "true_false", _("true or false")
        SHORT_ANSWER = "short_answer", _("short answer")
        ESSAY = "essay", _("essay")

    course_path = "assessment__course"
    natural_key_fields = ("assessment", "position")
    maximum_field = "points"
    scored = ("responses",)

    assessment = models.ForeignKey(
        Assessment,
        models.PROTECT,
        related_name="questions",
        db_index=False,
        verbose_name=_("assessment"),
    )
    position = models.PositiveSmallIntegerField(_("position"))
    question_type = models.CharField(
        _("kind"), max_length=15, choices=Kind, default=Kind.SHORT_ANSWER
    )
    text = ParagraphField(_("question"))
    options = models.JSONField(
        _("answers to choose from"),
        default=list,
        blank=True,
        help_text=_("One on each line, for questions with a choice."),
    )
    correct_answer = ParagraphField(_("right answer"), blank=True)
    explanation = ParagraphField(_("explanation"), blank=True)
    points = models.DecimalField(_("points"), max_digits=7, decimal_places=2, default=1)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["assessment", "position"]
        constraints = [
            CopiedValueTarget(name="question_points_copied", copied="points"),
            UniqueRule(
                name="question_position_unique",
                fields=["assessment", "position"],
                field="position",
                code="position_taken",
                message=_("Another question of this assessment has this position already."),
            ),
            RowRule(
                name="question_points_not_negative",
                condition=Q(points__gte=0),
                field="points",
                code="points_negative",
                message=_("The points of a question are 0 or more."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.text[:60]}"

    def needs_reason_from(self, user: Any) -> bool:
        return self.assessment.is_answered

    @property
    def is_choice(self) -> bool:
        return self.question_type in (self.Kind.SINGLE_CHOICE, self.Kind.MULTIPLE_CHOICE)

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        if self.is_choice and len(self.options or ()) < 2:
            message = _("Give at least two answers to choose from, one on each line.")
            yield "options", ValidationError(message, code="options_missing")
        elif self.is_choice:
            right = [line.strip() for line in self.correct_answer.splitlines() if line.strip()]
            if not set(right) <= set(self.options):
                message = _("The right answer is not among the answers to choose from.")
                yield "correct_answer", ValidationError(message, code="not_an_option")
        if self._state.adding and self.assessment_id and self.assessment.is_answered:
            message = _("Work was handed in already; a new question would change what it is worth.")
            yield "assessment", ValidationError(message, code="answered")

    def deletion_refusal(self) -> Any:
        if self.assessment.is_answered:
            return _("Work was handed in already; without the question it would be worth less.")
        return ""
