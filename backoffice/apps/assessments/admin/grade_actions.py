"""What is done with work on the admin site: it is taken in, graded, made final and reopened."""

from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.choosing import NOT_DOUBLE, choose_work, double_of
from backoffice.apps.assessments.forms import GradeForm, TakeInForm
from backoffice.apps.assessments.grading import finalize, give_back, grade, reopen, take_in
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction

Status = AssessmentSubmission.Status


class GradeActionsMixin:
    """The row actions of submissions."""

    @RowAction(
        _("Take in"),
        icon="move_to_inbox",
        text=_("The work counts as handed in, and waits for its grade."),
        form=TakeInForm,
        verb="grade",
        when=lambda row: row.status == Status.IN_PROGRESS,
        refusal=_("It was handed in already."),
    )
    def take_in(self, form: TakeInForm, submission: AssessmentSubmission) -> str:
        take_in(submission, form.cleaned_data["submitted_at"])
        return gettext("%(submission)s is handed in.") % {"submission": submission}

    @RowAction(
        _("Give back"),
        icon="outbox",
        text=_("The student can go on with it, and hands it in again."),
        verb="grade",
        when=lambda row: row.status == Status.SUBMITTED,
        refusal=_("Only work that was handed in and has no grade is given back."),
    )
    def give_back(self, form: ReasonForm, submission: AssessmentSubmission) -> str:
        give_back(submission)
        return gettext("%(submission)s is in progress again.") % {"submission": submission}

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

    def get_actions_row(self, request: HttpRequest) -> list[Any]:
        # Seldom, and a question for each row of a list: on the page of the work alone.
        actions = super().get_actions_row(request)  # type: ignore[misc]  # a mixin of admins
        return [each for each in actions if each.method.__name__ != "choose_work"]

    @RowAction(
        _("This work counts"),
        icon="rule",
        text=_(
            "Two records are one person's, and both have this work. When they are merged, the "
            "other work goes with its answers, points and reviews. Its history remains."
        ),
        verb="finalize",
        when=lambda row: double_of(row) is not None,
        refusal=NOT_DOUBLE,
    )
    def choose_work(self, form: ReasonForm, submission: AssessmentSubmission) -> str:
        choose_work(submission, form.request.user, form.cleaned_data["reason"])
        return gettext("%(submission)s counts.") % {"submission": submission}

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
