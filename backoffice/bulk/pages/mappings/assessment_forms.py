"""Forms that say which assessments the columns of another system's gradebook are."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.admin_site.permissions.roles import may
from backoffice.admin_site.permissions.visibility import within
from backoffice.audit.admin_kit.optimistic_lock import OptimisticLockForm
from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.formats.gradebooks.meanings import (
    ScoreColumn,
    columns_of,
    columns_to_explain,
    likely_course,
)
from backoffice.bulk.kinds.header_names import IGNORED, column_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import AssessmentMapping, Batch
from backoffice.bulk.models.assessment_mapping import gradebook_formats
from backoffice.bulk.read.assessment_mapping import COLUMN_CONFLICT
from backoffice.bulk.values.faults import display_value

NOTHING = ("", gettext_lazy("Select value"))
LEAVE = gettext_lazy("leave it unknown")
IGNORE = gettext_lazy("ignore this column")
COURSE = ("code", "presentation")
MOST_COLUMNS = 100  # columns at once; Django takes at most 1,000 values of a form


class AssessmentMappingForm(OptimisticLockForm):
    """A column of a system, and what it is in a course."""

    class Meta:
        model = AssessmentMapping
        fields = ("course", "dialect", "header", "assessment")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The theme would choose the first by itself.
        if "dialect" in self.fields:
            self.fields["dialect"].choices = [NOTHING, *gradebook_formats()]


class CourseChoiceForm(forms.Form):
    """The course of a gradebook, before its columns are asked for."""

    course = forms.ChoiceField(label=gettext_lazy("Course"), widget=UnfoldAdminSelectWidget)

    def __init__(self, batch: Batch, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        candidates = [tuple(course) for course in batch.own_assessments["courses"]]
        self.courses = {str(row.pk): row for row in _courses_for(person)}
        names = {pk: " ".join(_key(row)) for pk, row in self.courses.items()}
        likely = [(pk, name) for pk, name in names.items() if _key(self.courses[pk]) in candidates]
        others = [each for each in names.items() if each not in likely]
        self.fields["course"].choices = [
            NOTHING,
            *([(_("Courses that know its columns"), likely)] if likely else []),
            (_("Other courses"), others) if likely else (_("Courses"), others),
        ]

    def chosen(self) -> Any:
        """The course that was chosen; None without a choice, or for one not permitted."""
        return self.courses.get(self.cleaned_data["course"]) if self.is_valid() else None

    def key_of(self, course: Course | None) -> str:
        """The choice for a course, blank for one that is none."""
        return next((pk for pk, row in self.courses.items() if _key(row) == course), "")


class GradebookColumnsForm(forms.Form):
    """The columns of a gradebook that are unknown in a course, and what each may be."""

    def __init__(self, batch: Batch, course: Any, *args: Any) -> None:
        super().__init__(*args)
        unknown = columns_to_explain(batch, _key(course))
        self.course, columns = course, list(unknown.values())[:MOST_COLUMNS]
        # By its place in the file, which stays when somebody explains another one meanwhile.
        self.columns = {f"column_{at}": unknown[at].header for at in list(unknown)[:MOST_COLUMNS]}
        self.more, self.count = len(unknown) - len(self.columns), len(columns_of(batch))
        self.assessments = {str(row.pk): row for row in _assessments_of(course)}
        choices = [("", LEAVE), (IGNORED, IGNORE)]
        choices += [(pk, _described(row)) for pk, row in self.assessments.items()]
        likely = _proposals(columns, self.assessments)
        for name, header in self.columns.items():
            self.fields[name] = forms.ChoiceField(
                label=header,
                choices=choices,
                initial=likely.get(header, ""),
                required=False,
                widget=UnfoldAdminSelectWidget,
            )

    def clean(self) -> dict[str, Any]:
        names = {f"column_{at}" for at in range(self.count)}
        if any(self.data.get(name) for name in names - set(self.fields)):
            raise ValidationError(COLUMN_CONFLICT)
        chosen = [each for each in self.cleaned_data.values() if each]
        if self.fields and not chosen and not self.errors:
            raise ValidationError(_("Choose an assessment for at least one column."))
        twice = [each for each in chosen if each != IGNORED and chosen.count(each) > 1]
        if twice:
            message = _("Two columns of one file cannot both be %(assessment)s.")
            raise ValidationError(message % {"assessment": self.assessments[twice[0]].code})
        return self.cleaned_data

    @property
    def meanings(self) -> Mapping[str, Any]:
        """By header, the assessment, or None where the column is ignored."""
        return {
            self.columns[name]: self.assessments.get(each)
            for name, each in self.cleaned_data.items()
            if each
        }

    @property
    def error_messages(self) -> list[str]:
        return [
            f"{self.columns.get(name, '')} {error}".strip()
            for name, errors in self.errors.items()
            for error in errors
        ]


def _key(course: Any) -> Course:
    return course.code, course.presentation


def _courses_for(person: Any) -> models.QuerySet[Any]:
    """The courses with assessments in which the person may say what columns mean."""
    courses = kinds["courses"].model()._default_manager.order_by(*COURSE)
    with_assessments = courses.filter(pk__in=kinds["assessments"].exportable().values("course"))
    return within(with_assessments, person, "add", AssessmentMapping)


def _assessments_of(course: Any) -> models.QuerySet[Any]:
    return kinds["assessments"].exportable().filter(course=course).order_by("code")


def _described(assessment: Any) -> str:
    params = {
        "code": assessment.code,
        "title": assessment.title,
        "most": display_value(assessment.max_score),
    }
    if assessment.title in ("", assessment.code):
        return _("%(code)s, at most %(most)s points") % params
    return _("%(code)s: %(title)s, at most %(most)s points") % params


def _proposals(columns: list[ScoreColumn], assessments: Mapping[str, Any]) -> dict[str, str]:
    """By header, the only assessment of that title or code; each is proposed once."""
    free, likely = dict(assessments), {}
    for column in columns:
        names = set(map(column_name, (*column.texts, *column.titles)))
        alike = [pk for pk, row in free.items() if names & _names_of(row)]
        if len(alike) == 1:
            likely[column.header] = alike[0]
            del free[alike[0]]
    return likely


def _names_of(assessment: Any) -> set[str]:
    return {column_name(assessment.code), column_name(assessment.title)}


def course_choice_form(batch: Batch, person: Any, chosen: str) -> CourseChoiceForm | None:
    """The form for a gradebook with unknown columns; None for other files and persons.

    `chosen` is the course that was chosen already; without one the likeliest is.
    """
    at_rest = batch.state in (Batch.State.REFUSED, *Batch.DECIDABLE)
    own = batch.own_assessments
    is_open = bool(own) and bool(own["unknown"] or own["courses"])
    if not (at_rest and batch.file and is_open and may(person, "add", AssessmentMapping)):
        return None
    form = CourseChoiceForm(batch, person)
    # Where it is doubtful which course it is, none is proposed.
    named = tuple(own["course"]) or (None if own["courses"] else likely_course(columns_of(batch)))
    pk = chosen if chosen in form.courses else form.key_of(named)
    # Unbound without a choice: nobody has left it out yet.
    return CourseChoiceForm(batch, person, {"course": pk}) if pk else form


def gradebook_forms(batch: Batch, person: Any, chosen: str) -> dict[str, forms.Form | None]:
    """The forms for a gradebook with unknown columns, by their names on the page of the import."""
    choice = course_choice_form(batch, person, chosen)
    course = choice.chosen() if choice else None
    columns = GradebookColumnsForm(batch, course) if course else None
    return {"course_choice": choice, "gradebook_columns": columns}
