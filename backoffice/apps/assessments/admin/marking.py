"""Submissions, their answers and their points on the admin site."""

from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RangeNumericFilter,
)

from backoffice.admin_site.changelist.columns import (
    Column,
    flag_column,
    person_column,
    state_column,
    two_lines,
)
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.apps.assessments.admin.grade_actions import GradeActionsMixin
from backoffice.apps.assessments.admin.grade_pages import GradePageMixin
from backoffice.apps.assessments.admin.two_works import TwoWorksMixin
from backoffice.apps.assessments.forms import SubmissionForm
from backoffice.apps.assessments.grading import grade_by_rubric
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    QuestionResponse,
)
from backoffice.apps.assessments.rubric_marking import CriterionScoreForm, CriterionScoreFormSet
from backoffice.audit.admin_kit.model_admin import (
    AuditedAdmin,
    AuditedStackedInline,
    AuditedTabularInline,
)
from backoffice.bulk.export.list_export import ListExport

Status = AssessmentSubmission.Status
SUBMISSION_COLOURS = {
    Status.IN_PROGRESS: "default",
    Status.SUBMITTED: "warning",
    Status.GRADED: "info",
    Status.FINALIZED: "success",
}
STUDENT = _("student")
SUBMISSION_FIELDS: Any = (
    (None, {"fields": (("assessment", "student", "attempt"), ("status", "is_late"), "text")}),
    (_("Grade"), {"fields": (("score", "grader"), "feedback")}),
    (
        _("Record"),
        {
            "classes": ("collapse",),
            "fields": (("started_at", "submitted_at", "graded_at"), ("version", "is_banked")),
        },
    ),
)


def _assessment_column(path: str) -> Column:
    assessment_of = attrgetter(path.replace("__", "."))

    def cell(row: models.Model) -> list[str]:
        assessment = assessment_of(row)
        return [str(assessment), f"{assessment.course.code} · {assessment.course.presentation}"]

    return two_lines(_("assessment"), f"{path}__code", cell)


def _score_column(label: Any) -> Column:
    return two_lines(label, "score", lambda row: [_of_maximum(row.score, row.maximum), ""])


def _of_maximum(points: Decimal | None, maximum: Decimal) -> str:
    return "–" if points is None else f"{floatformat(points, -2)} / {floatformat(maximum, -2)}"


class CriterionScoreInline(AuditedTabularInline):
    """The points a submission got for each criterion."""

    model = CriterionScore
    form, formset = CriterionScoreForm, CriterionScoreFormSet
    verbose_name = _("criterion")
    verbose_name_plural = _("points by criterion")
    fields = ("criterion", "level", "points", "comment")
    hide_title = True


class ResponseInline(AuditedStackedInline):
    """The answers of a submission."""

    model = QuestionResponse
    fields = ("question", "answer", ("score", "feedback"))
    autocomplete_fields = ("question",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[QuestionResponse]:
        # All that the name of an answer says.
        named = ("question", "submission__assessment", "submission__student")
        return super().get_queryset(request).select_related(*named)


class CriterionScoreSection(RelatedSection):
    """The points by criterion below a submission in its list."""

    related_name = "criterion_scores"
    title = _("Points by criterion")
    empty = _("Not marked by a rubric.")
    columns = (
        "criterion",
        (_("points"), lambda row: _of_maximum(row.points, row.maximum)),
        "comment",
    )
    select_related = ("criterion",)
    ordering = ("criterion__position",)
    most = 10


@admin.register(AssessmentSubmission)
class SubmissionAdmin(GradeActionsMixin, TwoWorksMixin, GradePageMixin, ListExport, AuditedAdmin):
    """What students handed in, and how it is marked."""

    icon = "inbox"
    empty_hint = _("Work appears here once students hand it in.")
    list_display = (
        person_column("student", STUDENT),
        _assessment_column("assessment"),
        "attempt",
        state_column("status", SUBMISSION_COLOURS, _("status")),
        flag_column("is_late", (_("late"), ""), _("late")),
        _score_column(_("score")),
        "submitted_at",
    )
    list_select_related = ("student", "assessment__course")
    list_filter = (
        ("assessment", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        ("is_late", BooleanRadioFilter),
        ("score", RangeNumericFilter),
        ("submitted_at", RangeDateTimeFilter),
    )
    list_sections = (CriterionScoreSection,)
    related_lists = ("responses", "peer_reviews")
    search_fields = ("student__search_text", "assessment__title", "assessment__code")
    search_help_text = _("Student or assessment")
    autocomplete_fields = ("assessment", "student")
    form = SubmissionForm
    readonly_fields = ("version", "grader", "is_late", "started_at", "submitted_at", "graded_at")
    inlines = (CriterionScoreInline, ResponseInline)
    fieldsets = SUBMISSION_FIELDS
    row_actions = ("grade", "finalize", "reopen", "take_in", "give_back", "choose_work")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.user = request.user  # the class is made anew for each request
        return form

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if grade_by_rubric(form.instance, request.user):
            score = floatformat(form.instance.score, -2)
            message = gettext("Every criterion has points; the score is %(score)s.")
            self.message_user(request, message % {"score": score})

    def sidebar_badge(self, request: HttpRequest) -> int:
        waiting = AssessmentSubmission.objects.ungraded().permitted_to(request.user, "grade")
        return waiting.order_by()[:100].count()  # a badge counts to 99


@admin.register(QuestionResponse)
class QuestionResponseAdmin(AuditedAdmin):
    """Answers to single questions."""

    icon = "question_answer"
    empty_hint = _("Answers come with the work students hand in.")
    list_display = (
        person_column("submission__student", STUDENT),
        _assessment_column("submission__assessment"),
        "question",
        _score_column(_("points")),
    )
    list_select_related = ("submission__student", "submission__assessment__course", "question")
    list_filter = (
        ("submission", AutocompleteSelectFilter),
        ("question", AutocompleteSelectFilter),
        ("score", RangeNumericFilter),
    )
    search_fields = ("submission__student__search_text", "question__text")
    search_help_text = _("Student, or words of the question")
    autocomplete_fields = ("submission", "question")
    fieldsets = (
        (None, {"fields": ("submission", "question", "answer")}),
        (_("Grade"), {"fields": ("score", "feedback")}),
    )


@admin.register(CriterionScore)
class CriterionScoreAdmin(AuditedAdmin):
    """Points for single criteria; worked on from the submission."""

    icon = "grade"
    in_sidebar = False
    empty_hint = _("Points are given on the page of a submission.")
    list_display = (
        person_column("submission__student", STUDENT),
        _assessment_column("submission__assessment"),
        "criterion",
        "points",
    )
    list_select_related = ("submission__student", "submission__assessment__course", "criterion")
    list_filter = (("criterion", AutocompleteSelectFilter),)
    search_fields = ("submission__student__search_text", "criterion__title")
    autocomplete_fields = ("submission", "criterion", "level")
