"""Work is taken in and given back; its grade is given, made final and, for a reason, reopened."""

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
    due = submission.assessment.due_date
    submission.submitted_at = at
    submission.is_late = due is not None and at > due
    _become(submission, Status.SUBMITTED)


def give_back(submission: AssessmentSubmission) -> None:
    """The student may go on with work that nobody has graded. Raises ValidationError otherwise."""
    if submission.score is not None:
        message = _("%(submission)s has a score. Take that away first.")
        raise ValidationError(message % {"submission": submission}, code="graded")
    submission.submitted_at, submission.is_late = None, False
    _become(submission, Status.IN_PROGRESS)


def grade(submission: AssessmentSubmission, score: Any, feedback: str, grader: Any) -> None:
    """Give a score, in points from 0 to the assessment's maximum, signed by the grader.

    Raises ValidationError for a score out of range and for one's own work.
    """
    submission.score, submission.feedback = score, feedback
    submission.grader, submission.graded_at = grader, timezone.now()
    _become(submission, Status.GRADED)


def grade_by_rubric(submission: AssessmentSubmission, grader: Any) -> bool:
    """Give the sum of the points by criterion as the score; returns whether it was given.

    It is not before every criterion has points, nor where there is a score already.
    """
    rubric = submission.assessment.rubric
    if rubric is None or submission.status != Status.SUBMITTED or submission.score is not None:
        return False
    points = dict(submission.criterion_scores.values_list("criterion", "points"))
    criteria = set(rubric.criteria.values_list("pk", flat=True))
    total = sum(points.values())
    if not criteria or criteria - points.keys() or total > submission.maximum:
        return False
    grade(submission, total, submission.feedback, grader)
    return True


def finalize(submission: AssessmentSubmission) -> None:
    """Make a grade final: from now on it changes for a reason only.

    Raises ValidationError for a submission without a score.
    """
    if submission.score is None:
        message = _("%(submission)s has no score yet.")
        raise ValidationError(message % {"submission": submission}, code="ungraded")
    _become(submission, Status.FINALIZED)


def reopen(submission: AssessmentSubmission) -> None:
    _become(submission, Status.GRADED)


def _become(submission: AssessmentSubmission, status: str) -> None:
    submission.status = status
    submission.full_clean()
    submission.save()
