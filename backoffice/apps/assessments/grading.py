"""A grade is given, made final and, for a reason, reopened."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import AssessmentSubmission

Status = AssessmentSubmission.Status


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
