"""The life of an assessment: drafted, released to students, closed."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import Assessment


def release(assessment: Assessment) -> None:
    """Open the assessment to students. From now on a change needs a reason.

    Raises ValidationError for one without a due date.
    """
    if assessment.due_date is None:
        message = _("%(assessment)s has no due date. Set one first.")
        raise ValidationError(message % {"assessment": assessment}, code="incomplete")
    _become(assessment, Assessment.Status.PUBLISHED)


def close(assessment: Assessment) -> None:
    """Take no more work."""
    _become(assessment, Assessment.Status.CLOSED)


def _become(assessment: Assessment, status: str) -> None:
    assessment.status = status
    assessment.full_clean()
    assessment.save()
