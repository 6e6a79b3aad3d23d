"""Forms and dialogs of the assessments' admin pages."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminSplitDateTimeWidget,
)

from backoffice.admin_site.models.lines_field import LinesField
from backoffice.apps.assessments.grading import status_with
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, Question
from backoffice.apps.courses.models import Course
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm
from backoffice.audit.admin_kit.model_admin import NextPlaceForm, PlacedInlineForm
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm

NUMBERED = re.compile(r"^(.*?)(\d+)$")


class SubmissionForm(OptimisticLockForm):
    """Whoever changes the grade becomes its grader."""

    user: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "score" in self.fields and self.instance.pk:
            most = floatformat(self.instance.maximum, -2)
            help_text = _("In points, from 0 to %(most)s. Blank means not graded.")
            self.fields["score"].help_text = help_text % {"most": most}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "score" in self.changed_data and "score" in cleaned:
            # On the row: the status itself is on no form.
            self.instance.status = status_with(self.instance.status, cleaned["score"])
        # Before the model's rules run: nobody grades their own submission.
        if self.user and not set(AssessmentSubmission.GRADE_FIELDS).isdisjoint(self.changed_data):
            self.instance.grader = self.user
            self.instance.graded_at = timezone.now()
        return cleaned


class AssessmentForm(OptimisticLockForm):
    """A code left blank continues those of the course."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "code" in self.fields and not self.instance.pk:
            self.fields["code"].required = False
            help_text = _("Left blank, it continues those of the course: TMA02.")
            self.fields["code"].help_text = help_text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "code" in self.fields and not cleaned.get("code") and cleaned.get("course"):
            kind = cleaned.get("assessment_type", Assessment.Kind.ASSIGNMENT)
            cleaned["code"] = next_code(cleaned["course"], kind)
        return cleaned


def next_code(course: Course, kind: str) -> str:
    """The code after the highest one of this kind in the course: TMA02 after TMA01."""
    prefix = kind.upper()[:4]
    codes = Assessment.objects.filter(course=course, code__istartswith=prefix)
    matches = [NUMBERED.match(code) for code in codes.values_list("code", flat=True)]
    numbers = [int(m[2][-6:]) for m in matches if m and m[1].upper() == prefix]
    return f"{prefix}{max(numbers, default=0) + 1:02d}"


class _QuestionFields(OptimisticLockForm):
    """The answers to choose from, one on each line."""

    options = LinesField(
        label=capfirst(Question._meta.get_field("options").verbose_name),
        help_text=Question._meta.get_field("options").help_text,
        required=False,
    )


class QuestionForm(_QuestionFields, NextPlaceForm):
    """A question on a page of its own."""


class QuestionInlineForm(_QuestionFields, PlacedInlineForm):
    """A question among those of its assessment."""


class TakeInForm(ReasonForm):
    """When work was handed in, and why that is entered by hand."""

    # In a dialog, a field without a widget of the theme would be invisible.
    submitted_at = forms.SplitDateTimeField(
        label=_("Handed in"), initial=timezone.now, widget=UnfoldAdminSplitDateTimeWidget
    )
    field_order = ("submitted_at", "reason")


class GradeForm(ActionForm):
    """How many points, and feedback for the student."""

    rows: Sequence[AssessmentSubmission]
    # In a dialog, a field without a widget of the theme would be invisible.
    score = forms.DecimalField(
        label=_("Score"),
        min_value=0,
        max_digits=7,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    feedback = forms.CharField(
        label=_("Feedback"), required=False, widget=UnfoldAdminExpandableTextareaWidget
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        first = self.rows[0]
        most = floatformat(first.assessment.max_score, -2)
        self.fields["score"].help_text = _("In points, from 0 to %(most)s.") % {"most": most}
        self.initial = {"score": first.score, "feedback": first.feedback}
