"""Assessments and their questions on the admin site."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RangeNumericFilter,
)

from backoffice.admin_site.changelist.columns import (
    course_column,
    excerpt_column,
    state_column,
    two_lines,
)
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.apps.assessments.forms import AssessmentForm, QuestionForm, QuestionInlineForm
from backoffice.apps.assessments.models import Assessment, Question
from backoffice.apps.assessments.releasing import close, redraft, release
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction
from backoffice.audit.admin_kit.model_admin import AuditedAdmin, PlacedStackedInline
from backoffice.bulk.export.list_export import ListExport

ASSESSMENT_COLOURS = {
    Assessment.Status.DRAFT: "warning",
    Assessment.Status.PUBLISHED: "success",
    Assessment.Status.CLOSED: "default",
}
ASSESSMENT_FIELDS: Any = (
    (None, {"fields": ("course", ("code", "title"), ("assessment_type", "status"))}),
    (
        _("Grading"),
        {"fields": (("max_score", "passing_score"), ("weight", "grading_method"), "rubric")},
    ),
    (
        _("Schedule"),
        {
            "classes": ("tab",),
            "fields": (
                "available_from",
                "due_date",
                ("max_attempts", "time_limit_minutes"),
                "allow_late_submission",
            ),
        },
    ),
    (_("Description"), {"classes": ("tab",), "fields": ("description",)}),
    (
        _("Checks"),
        {"classes": ("tab",), "fields": (("auto_generate_feedback", "plagiarism_check"),)},
    ),
    (_("Record"), {"classes": ("tab",), "fields": (("created_at", "updated_at"),)}),
)
QUESTION_FIELDS: Any = (
    (None, {"fields": (("question_type", "points", "position"), "text")}),
    (None, {"fields": ("options", "correct_answer", "explanation")}),
)


class QuestionInline(PlacedStackedInline):
    """The questions of an assessment, in their order."""

    model = Question
    form = QuestionInlineForm
    fieldsets = QUESTION_FIELDS
    collapsible = True


class QuestionSection(RelatedSection):
    """The questions below an assessment in its list."""

    related_name = "questions"
    title = _("Questions")
    empty = _("No questions: the whole work is marked as one.")
    columns = ("text", "question_type", "points")
    ordering = ("position",)
    most = 10


@admin.register(Assessment)
class AssessmentAdmin(ListExport, AuditedAdmin):
    """Quizzes, assignments and exams."""

    icon = "assignment"
    named_by = ("course",)
    in_palette = True
    empty_hint = _("A course has quizzes, assignments and exams; add the first one.")
    form = AssessmentForm
    list_display = (
        two_lines(
            _("assessment"),
            "code",
            lambda row: [str(row), f"{row.code} · {row.get_assessment_type_display()}"],
        ),
        course_column(),
        state_column("status", ASSESSMENT_COLOURS, _("status")),
        "due_date",
        "max_score",
        "weight",
    )
    list_select_related = ("course",)
    list_filter = (
        ("course", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        ("assessment_type", ChoicesDropdownFilter),
        ("rubric", AutocompleteSelectFilter),
        ("due_date", RangeDateTimeFilter),
    )
    list_sections = (QuestionSection,)
    related_lists = ("submissions", "questions")
    search_fields = ("code", "title", "course__code", "course__title")
    search_help_text = _("Code, title or course")
    autocomplete_fields = ("course", "rubric")
    readonly_fields = ("created_at", "updated_at")
    inlines = (QuestionInline,)
    fieldsets = ASSESSMENT_FIELDS
    row_actions = ("release", "close", "redraft")

    @RowAction(
        _("Release"),
        icon="publish",
        text=_("Students see it from now on; after that, a change needs a reason."),
        form=ActionForm,
        when=lambda row: row.status != Assessment.Status.PUBLISHED,
        refusal=_("The assessment is released already."),
        touches=("status",),
        in_bulk=True,
    )
    def release(self, form: ActionForm, assessment: Assessment) -> str:
        release(assessment)
        return gettext("%(assessment)s is released.") % {"assessment": assessment}

    @RowAction(
        _("Close"),
        icon="lock",
        text=_("It takes no more work. What was handed in stays."),
        when=lambda row: row.status == Assessment.Status.PUBLISHED,
        refusal=_("Only what is released can be closed."),
        touches=("status",),
        in_bulk=True,
    )
    def close(self, form: ReasonForm, assessment: Assessment) -> str:
        close(assessment)
        return gettext("%(assessment)s is closed.") % {"assessment": assessment}

    @RowAction(
        _("Back to draft"),
        icon="edit_note",
        text=_("Students no longer see it until it is released again. What was handed in stays."),
        when=lambda row: row.status != Assessment.Status.DRAFT,
        refusal=_("The assessment is a draft already."),
        touches=("status",),
        in_bulk=True,
    )
    def redraft(self, form: ReasonForm, assessment: Assessment) -> str:
        redraft(assessment)
        return gettext("%(assessment)s is a draft again.") % {"assessment": assessment}


@admin.register(Question)
class QuestionAdmin(AuditedAdmin):
    """Questions of assessments."""

    icon = "help"
    named_by = ("assessment",)
    empty_hint = _("Questions are written on the page of their assessment.")
    form = QuestionForm
    list_display = (
        excerpt_column("text", _("question")),
        two_lines(
            _("assessment"),
            "assessment__code",
            lambda row: [str(row.assessment), f"{row.assessment.course.code} · {row.position}."],
        ),
        "question_type",
        "points",
    )
    list_select_related = ("assessment__course",)
    list_filter = (
        ("assessment", AutocompleteSelectFilter),
        ("question_type", ChoicesDropdownFilter),
        ("points", RangeNumericFilter),
    )
    search_fields = ("text", "assessment__title", "assessment__code")
    search_help_text = _("Words of the question, or its assessment")
    autocomplete_fields = ("assessment",)
    fieldsets = ((None, {"fields": ("assessment",)}), *QUESTION_FIELDS)
