"""Work is taken in and given back; its grade is given, made final and, by two people, reopened."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import AssessmentSubmission

Status = AssessmentSubmission.Status


def status_with(status: str, score: Any) -> str:
    """The status of work in this one when its score is entered, or taken away (None).

    Raises ValidationError for a score of work that was not handed in.
    """
    if status == Status.IN_PROGRESS and score is not None:
        message = _("This was not handed in yet. Choose “Take in” first.")
        raise ValidationError({"score": ValidationError(message, code="not_handed_in")})
    if status in (Status.SUBMITTED, Status.GRADED):
        return Status.SUBMITTED if score is None else Status.GRADED
    return status


def take_in(submission: AssessmentSubmission, at: datetime) -> None:
    """The work was handed in at this time; a time to come is a ValidationError."""
    submission.submitted_at = at
    _become(submission, Status.SUBMITTED)


def give_back(submission: AssessmentSubmission) -> None:
    """The student may go on with work that nobody has graded. Raises ValidationError otherwise."""
    if submission.score is not None:
        message = _("%(submission)s has a score. Take that away first.")
        raise ValidationError(message % {"submission": submission}, code="graded")
    submission.submitted_at = None
    _become(submission, Status.IN_PROGRESS)


def grade(
    submission: AssessmentSubmission, score: Any, feedback: str, grader: Any, override: str = ""
) -> None:
    """Give a score, in points from 0 to the assessment's maximum, signed by the grader.

    `override` says why it is not the one that criteria or questions give. Raises ValidationError
    for a score out of range, for an override without a word, and for one's own work.
    """
    submission.score, submission.feedback = score, feedback
    submission.override_reason = override
    submission.grader, submission.graded_at = grader, timezone.now()
    _become(submission, Status.GRADED)


def finalize(submission: AssessmentSubmission) -> None:
    """Make a grade final: it is posted, and from now on changes when two people agree only.

    Raises ValidationError for a submission without a score.
    """
    if submission.score is None:
        message = _("%(submission)s has no score yet.")
        raise ValidationError(message % {"submission": submission}, code="ungraded")
    _become(submission, Status.FINALIZED)


def reopen(submission: AssessmentSubmission) -> None:
    """Make a final grade one that can be changed; see final_grades.py for who agrees to that.

    It stays posted. Raises ValidationError outside of an agreed change.
    """
    _become(submission, Status.GRADED)


def _become(submission: AssessmentSubmission, status: str) -> None:
    submission.status = status
    submission.post_if_final()
    submission.full_clean()
    submission.save()
