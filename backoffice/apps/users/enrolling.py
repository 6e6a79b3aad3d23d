"""Withdrawal from a course, and reinstatement."""

from datetime import date

from backoffice.apps.users.models import Enrollment


def withdraw(enrollment: Enrollment, on: date) -> None:
    """Withdraw the person from this day on; a day before the enrollment is a ValidationError."""
    enrollment.status = Enrollment.Status.WITHDRAWN
    enrollment.withdrawn_on = on
    enrollment.full_clean()
    enrollment.save()


def reinstate(enrollment: Enrollment) -> None:
    """Undo a withdrawal. Raises ValidationError where the course ended before the enrollment."""
    enrollment.status = Enrollment.Status.ACTIVE
    enrollment.withdrawn_on = None
    enrollment.full_clean()
    enrollment.save()
