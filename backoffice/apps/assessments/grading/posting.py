"""Grades are posted, taken back and made final: many of them by one statement.

Whoever calls has locked the submissions and knows that the person may. A grade once final stays
posted: it changes when two people agree only.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.admin_kit.actions import SHORTEST_REASON, is_too_short
from backoffice.audit.record.recording import recording

Status = AssessmentSubmission.Status


def can_be_posted(submission: AssessmentSubmission) -> bool:
    """Whether there is a grade that nobody has posted yet."""
    return submission.status == Status.GRADED and submission.posted_at is None


def can_be_taken_back(submission: AssessmentSubmission) -> bool:
    """Whether the grade is posted, and not final."""
    return submission.posted_at is not None and submission.status != Status.FINALIZED


def post(submissions: Sequence[AssessmentSubmission]) -> int:
    """Post these grades, and return how many.

    Raises ValidationError, and posts nothing, where one of them is not graded or is posted already.
    """
    for row in submissions:
        if not can_be_posted(row):
            message = _("%(submission)s is not graded, or its grade is posted already.")
            raise ValidationError(message % {"submission": row}, code="not_to_post")
        _refuse_without_score(row)
    return post_rows(row.pk for row in submissions)


def post_rows(keys: Iterable[int]) -> int:
    """Post those of these grades that are to be posted, and return how many."""
    rows = AssessmentSubmission.objects.not_posted().filter(pk__in=list(keys))
    return rows.filter(score__isnull=False).update(posted_at=timezone.now())


def take_back(submissions: Sequence[AssessmentSubmission], reason: str) -> int:
    """Take posted grades back: their students see them no more. Returns how many.

    Raises ValidationError, and takes nothing back, without a reason and where one of them is final
    or not posted.
    """
    refuse_short_reason(reason)
    for row in submissions:
        if row.status == Status.FINALIZED:
            message = _("The grade of %(submission)s is final, and stays posted.")
            raise ValidationError(message % {"submission": row}, code="final")
        if row.posted_at is None:
            message = _("The grade of %(submission)s is not posted.")
            raise ValidationError(message % {"submission": row}, code="not_posted")
    rows = AssessmentSubmission.objects.posted().filter(pk__in=[row.pk for row in submissions])
    with recording(reason=reason.strip()):
        return rows.filter(~Q(status=Status.FINALIZED)).update(posted_at=None)


def make_final(submissions: Sequence[AssessmentSubmission]) -> int:
    """Make these grades final, and posted where they were not. Returns how many.

    Raises ValidationError, and changes nothing, where one of them has no score.
    """
    for row in submissions:
        _refuse_without_score(row)
    rows = AssessmentSubmission._base_manager.filter(pk__in=[row.pk for row in submissions])
    return rows.filter(status=Status.GRADED).update(
        status=Status.FINALIZED,
        posted_at=Coalesce(F("posted_at"), timezone.now()),
        version=F("version") + 1,
    )


def refuse_short_reason(reason: str) -> None:
    """Raise ValidationError, at `reason`, for one that says too little to stand in the record."""
    if is_too_short(reason):
        message = _(
            "This grade is posted. Say in at least %(least)d characters why it is changed or taken "
            "back."
        )
        error = ValidationError(message % {"least": SHORTEST_REASON}, code="reason_missing")
        raise ValidationError({"reason": error})


def _refuse_without_score(submission: Any) -> None:
    if submission.score is None:
        message = _("%(submission)s has no score yet.")
        raise ValidationError(message % {"submission": submission}, code="ungraded")
