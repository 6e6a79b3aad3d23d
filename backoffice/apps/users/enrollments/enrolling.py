"""How an enrollment goes on: it ends, it is withdrawn, and it becomes active again."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.admin_site.models.rules import Excess
from backoffice.apps.users.models import Enrollment

Status = Enrollment.Status


def withdraw(enrollment: Enrollment, on: date) -> None:
    """Withdraw the person from this day on; a day before the enrollment is a ValidationError."""
    enrollment.withdrawn_on = on
    _become(enrollment, Status.WITHDRAWN)


def redate(enrollment: Enrollment, on: date | None) -> None:
    """Give a withdrawal another day, or take the day from whoever is not withdrawn.

    Raises ValidationError for a withdrawal without a day, and for a day before the enrollment.
    """
    is_withdrawn = enrollment.status == Status.WITHDRAWN
    if is_withdrawn and on is None:
        message = _("A withdrawal has a day.")
        raise ValidationError({"withdrawn_on": message}, code="required")
    if on is not None and not is_withdrawn:
        message = _("This person is not withdrawn. Leave the day blank.")
        raise ValidationError({"withdrawn_on": message}, code="withdrawal_date_unexpected")
    enrollment.withdrawn_on = on
    _become(enrollment, enrollment.status)


def end(enrollment: Enrollment, status: str, result: str) -> None:
    """The enrollment is completed or failed, with a result in the school's words or without one.

    Raises ValidationError where a day of withdrawal stands.
    """
    if enrollment.withdrawn_on:
        message = _("%(enrollment)s has a withdrawal date. Take it away first.")
        code = "withdrawal_date_unexpected"
        raise ValidationError(message % {"enrollment": enrollment}, code=code)
    enrollment.final_result = result or enrollment.final_result
    _become(enrollment, status)


def reinstate(enrollment: Enrollment) -> None:
    """Make the person active again, for a reason that holds for a full course too.

    By how much the course is over its limit then stands in `excess`. Raises ValidationError where
    the course ended before the enrollment.
    """
    enrollment.withdrawn_on = None
    enrollment.is_excess_allowed = True
    _become(enrollment, Status.ACTIVE)


def _become(enrollment: Enrollment, status: str) -> None:
    enrollment.status = status
    enrollment.full_clean()
    enrollment.save()


def excesses_with(enrollments: Iterable[Enrollment]) -> list[Excess]:
    """By how much courses would be over their limits if all of these people were active."""
    coming = Counter(
        row.course_id
        for row in enrollments
        if row.role == Enrollment.Role.STUDENT and row.status != Status.ACTIVE
    )
    return Enrollment.capacity.excesses(Enrollment, coming)


def excess_sentence(excess: Excess) -> str:
    """By how much a course is over its limit."""
    message = _("%(course)s is over its limit by %(over)d: %(count)d of %(most)d active students.")
    numbers = {"over": excess.over, "count": excess.count, "most": excess.most}
    return message % ({"course": excess.place} | numbers)
