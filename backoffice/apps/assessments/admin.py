"""Assessments, submissions, rubrics and peer review on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.apps.assessments.forms import SubmissionForm
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.audit.model_admin import AuditedAdmin, AuditedTabularInline


class QuestionInline(AuditedTabularInline):
    """The questions of an assessment."""

    model = Question
    fields = ("position", "question_type", "text", "points")


class CriterionInline(AuditedTabularInline):
    """The criteria of a rubric."""

    model = RubricCriterion
    fields = ("position", "title", "max_points")


class LevelInline(AuditedTabularInline):
    """The levels of a criterion."""

    model = RubricLevel
    fields = ("points", "title", "description")


class ResponseInline(AuditedTabularInline):
    """The answers of a submission."""

    model = QuestionResponse
    fields = ("question", "answer", "score", "feedback")
    autocomplete_fields = ("question",)


class CriterionScoreInline(AuditedTabularInline):
    """The points a submission got for each criterion."""

    model = CriterionScore
    fields = ("criterion", "level", "points", "comment")
    autocomplete_fields = ("criterion", "level")


class ReviewScoreInline(AuditedTabularInline):
    """The points a review gives for each criterion."""

    model = PeerReviewScore
    fields = ("criterion", "points", "comment")
    autocomplete_fields = ("criterion",)


@admin.register(Assessment)
class AssessmentAdmin(AuditedAdmin):
    """Quizzes, assignments and exams."""

    icon = "assignment"
    list_display = ("shown_title", "course", "assessment_type", "status", "weight", "due_date")
    list_select_related = ("course",)
    list_filter = ("status", "assessment_type")
    search_fields = ("code", "title", "course__code")
    autocomplete_fields = ("course", "rubric")
    readonly_fields = ("created_at", "updated_at")
    inlines = (QuestionInline,)

    @display(description=_("assessment"), header=True, ordering="title")
    def shown_title(self, assessment: Assessment) -> list[str]:
        """The title, and the code below it."""
        return [assessment.title, assessment.code]


@admin.register(Question)
class QuestionAdmin(AuditedAdmin):
    """Questions of assessments."""

    icon = "help"
    list_display = ("__str__", "assessment", "question_type", "points")
    list_select_related = ("assessment__course",)
    list_filter = ("question_type",)
    search_fields = ("text", "assessment__title")
    autocomplete_fields = ("assessment",)


@admin.register(AssessmentSubmission)
class SubmissionAdmin(AuditedAdmin):
    """What students handed in, and how it is marked."""

    icon = "inbox"
    list_display = ("student", "assessment", "attempt", "status", "score", "grader", "submitted_at")
    list_select_related = ("student", "assessment__course", "grader")
    list_filter = ("status", "is_late")
    search_fields = ("student__username", "assessment__title", "assessment__code")
    autocomplete_fields = ("assessment", "student")
    form = SubmissionForm
    readonly_fields = ("version", "grader", "is_late", "started_at", "submitted_at", "graded_at")
    inlines = (CriterionScoreInline, ResponseInline)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form knows who grades."""
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form


@admin.register(QuestionResponse)
class QuestionResponseAdmin(AuditedAdmin):
    """Answers to single questions."""

    icon = "question_answer"
    list_display = ("submission", "question", "score")
    list_select_related = ("submission__student", "submission__assessment__course", "question")
    search_fields = ("submission__student__username", "question__text")
    autocomplete_fields = ("submission", "question")


@admin.register(CriterionScore)
class CriterionScoreAdmin(AuditedAdmin):
    """Points for single criteria; worked on from the submission."""

    icon = "grade"
    in_sidebar = False
    list_display = ("submission", "criterion", "points")
    list_select_related = ("submission__student", "submission__assessment__course", "criterion")
    search_fields = ("submission__student__username", "criterion__title")
    autocomplete_fields = ("submission", "criterion", "level")


@admin.register(GradingRubric)
class GradingRubricAdmin(AuditedAdmin):
    """Detailed grading criteria."""

    icon = "checklist"
    list_display = ("title", "course", "version", "is_active")
    list_select_related = ("course",)
    list_filter = ("is_active",)
    search_fields = ("title", "course__code")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_at",)
    inlines = (CriterionInline,)


@admin.register(RubricCriterion)
class RubricCriterionAdmin(AuditedAdmin):
    """Criteria and their levels; found through their rubric."""

    icon = "rule"
    in_sidebar = False
    list_display = ("title", "rubric", "position", "max_points")
    list_select_related = ("rubric__course",)
    search_fields = ("title", "rubric__title")
    autocomplete_fields = ("rubric",)
    inlines = (LevelInline,)


@admin.register(RubricLevel)
class RubricLevelAdmin(AuditedAdmin):
    """Levels of criteria; worked on from the criterion."""

    icon = "stairs"
    in_sidebar = False
    list_display = ("title", "criterion", "points")
    list_select_related = ("criterion__rubric__course",)
    search_fields = ("title", "criterion__title")
    autocomplete_fields = ("criterion",)


@admin.register(PeerReview)
class PeerReviewAdmin(AuditedAdmin):
    """Reviews of submissions by fellow students."""

    icon = "rate_review"
    list_display = ("submission", "reviewer", "status", "due_date", "submitted_at")
    list_select_related = ("submission__student", "submission__assessment__course", "reviewer")
    list_filter = ("status",)
    search_fields = ("reviewer__username", "submission__student__username")
    autocomplete_fields = ("submission", "reviewer")
    readonly_fields = ("assigned_at", "submitted_at")
    inlines = (ReviewScoreInline,)


@admin.register(PeerReviewScore)
class PeerReviewScoreAdmin(AuditedAdmin):
    """Points of reviews; worked on from the review."""

    icon = "hotel_class"
    in_sidebar = False
    list_display = ("review", "criterion", "points")
    list_select_related = ("review__reviewer", "review__submission__student", "criterion")
    search_fields = ("review__reviewer__username", "criterion__title")
    autocomplete_fields = ("review", "criterion")
