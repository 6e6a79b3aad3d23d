"""What is done with a grade on the admin site: it is given, made final and reopened."""

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.forms import GradeForm
from backoffice.apps.assessments.grading import finalize, grade, reopen
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction

Status = AssessmentSubmission.Status


class GradeActionsMixin:
    """The row actions `grade`, `finalize` and `reopen` of submissions."""

    @RowAction(
        _("Grade"),
        icon="grading",
        form=GradeForm,
        verb="grade",
        when=lambda row: row.status in (Status.SUBMITTED, Status.GRADED),
        refusal=_("Only work that was handed in and is not final gets a grade."),
    )
    def grade(self, form: GradeForm, submission: AssessmentSubmission) -> str:
        cleaned = form.cleaned_data
        grade(submission, cleaned["score"], cleaned["feedback"], form.request.user)
        return gettext("%(submission)s: %(score)s points.") % {
            "submission": submission,
            "score": floatformat(cleaned["score"], -2),
        }

    @RowAction(
        _("Make final"),
        icon="verified",
        text=_("From now on the grade changes for a reason only."),
        form=ActionForm,
        verb="finalize",
        when=lambda row: row.status == Status.GRADED,
        refusal=_("Only a grade that was given, and is not final, is made final."),
        in_bulk=True,
    )
    def finalize(self, form: ActionForm, submission: AssessmentSubmission) -> str:
        finalize(submission)
        return gettext("The grade of %(submission)s is final.") % {"submission": submission}

    @RowAction(
        _("Reopen"),
        icon="lock_open",
        text=_("The grade can be changed again until it is made final."),
        verb="reopen",
        when=lambda row: row.status == Status.FINALIZED,
        refusal=_("Only a final grade is opened again."),
    )
    def reopen(self, form: ReasonForm, submission: AssessmentSubmission) -> str:
        reopen(submission)
        return gettext("The grade of %(submission)s can be changed again.") % {
            "submission": submission
        }
