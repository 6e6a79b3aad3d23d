"""The life of a grade: given, made final, and, for a reason, opened again."""

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


def finalize(submission: AssessmentSubmission) -> None:
    """Make a grade final: from now on it changes for a reason only.

    Raises ValidationError for a submission without a score.
    """
    if submission.score is None:
        message = _("%(submission)s has no score yet.")
        raise ValidationError(message % {"submission": submission}, code="ungraded")
    _become(submission, Status.FINALIZED)


def reopen(submission: AssessmentSubmission) -> None:
    """Let a final grade be changed again."""
    _become(submission, Status.GRADED)


def _become(submission: AssessmentSubmission, status: str) -> None:
    submission.status = status
    submission.full_clean()
    submission.save()
