"""What happens to an enrollment besides being edited: a person leaves a course, or comes back."""

from datetime import date

from backoffice.apps.users.models import Enrollment


def withdraw(enrollment: Enrollment, on: date) -> None:
    """The person leaves the course on this day. The enrollment stays, as its record does.

    Raises ValidationError for a day before the enrollment.
    """
    enrollment.status = Enrollment.Status.WITHDRAWN
    enrollment.withdrawn_on = on
    enrollment.full_clean()
    enrollment.save()


def reinstate(enrollment: Enrollment) -> None:
    """The person is back in the course, as if never withdrawn.

    Raises ValidationError where the course has ended before the enrollment.
    """
    enrollment.status = Enrollment.Status.ACTIVE
    enrollment.withdrawn_on = None
    enrollment.full_clean()
    enrollment.save()
