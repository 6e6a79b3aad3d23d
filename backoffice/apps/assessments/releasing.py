"""An assessment is released to students, closed, and made a draft again."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import Assessment


def release(assessment: Assessment) -> None:
    """Open the assessment to students. Raises ValidationError where it has no due date."""
    if assessment.missing_in(Assessment.Status.PUBLISHED):
        message = _("%(assessment)s has no due date. Set one first.")
        raise ValidationError(message % {"assessment": assessment}, code="incomplete")
    _become(assessment, Assessment.Status.PUBLISHED)


def redraft(assessment: Assessment) -> None:
    _become(assessment, Assessment.Status.DRAFT)


def close(assessment: Assessment) -> None:
    _become(assessment, Assessment.Status.CLOSED)


def _become(assessment: Assessment, status: str) -> None:
    assessment.status = status
    assessment.full_clean()
    assessment.save()
