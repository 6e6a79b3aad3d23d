"""What is done with an enrollment on the admin site: it ends, is withdrawn, and comes back."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.apps.users.enrollments.enrolling import (
    end,
    excess_sentence,
    redate,
    reinstate,
    withdraw,
)
from backoffice.apps.users.forms import DayForm, EndForm, ReturnForm, WithdrawForm
from backoffice.apps.users.models import Enrollment
from backoffice.audit.admin_kit.actions import RowAction

Status = Enrollment.Status
ENDED = (Status.COMPLETED, Status.FAILED)
ONLY_ACTIVE = _("Only an active enrollment ends.")


class EnrollmentActionsMixin:
    """The row actions of enrollments."""

    @RowAction(
        _("Withdraw"),
        icon="person_remove",
        text=_("The enrollment stays on record with its dates; nothing is deleted."),
        form=WithdrawForm,
        when=lambda row: row.status == Status.ACTIVE,
        refusal=_("Only somebody who is active in the course can be withdrawn."),
        in_bulk=True,
    )
    def withdraw(self, form: WithdrawForm, enrollment: Enrollment) -> str:
        withdraw(enrollment, form.cleaned_data["withdrawn_on"])
        return gettext("%(student)s is withdrawn.") % {"student": enrollment.student}

    @RowAction(
        _("Reinstate"),
        icon="undo",
        form=ReturnForm,
        when=lambda row: row.status == Status.WITHDRAWN,
        refusal=_("Only somebody who was withdrawn can come back."),
        in_bulk=True,
    )
    def reinstate(self, form: ReturnForm, enrollment: Enrollment) -> str:
        return _returned(enrollment)

    @RowAction(
        _("Correct the day"),
        icon="event",
        text=_("The status stays as it is."),
        form=DayForm,
        when=lambda row: row.status == Status.WITHDRAWN or row.withdrawn_on is not None,
        refusal=_("This person is not withdrawn, and there is no day to correct."),
    )
    def redate(self, form: DayForm, enrollment: Enrollment) -> str:
        redate(enrollment, form.cleaned_data["withdrawn_on"])
        return gettext("The day of %(enrollment)s is corrected.") % {"enrollment": enrollment}

    @RowAction(
        _("Complete"),
        icon="task_alt",
        text=_("The person has finished the course."),
        form=EndForm,
        when=lambda row: row.status == Status.ACTIVE,
        refusal=ONLY_ACTIVE,
        in_bulk=True,
    )
    def complete(self, form: EndForm, enrollment: Enrollment) -> str:
        end(enrollment, Status.COMPLETED, form.cleaned_data["final_result"])
        return gettext("%(student)s has completed the course.") % {"student": enrollment.student}

    @RowAction(
        _("Fail"),
        icon="cancel",
        text=_("The person has not passed the course."),
        form=EndForm,
        when=lambda row: row.status == Status.ACTIVE,
        refusal=ONLY_ACTIVE,
        in_bulk=True,
    )
    def fail(self, form: EndForm, enrollment: Enrollment) -> str:
        end(enrollment, Status.FAILED, form.cleaned_data["final_result"])
        return gettext("%(student)s has failed the course.") % {"student": enrollment.student}

    @RowAction(
        _("Open again"),
        icon="lock_open",
        text=_("The person is active in the course again. The result stays until it is changed."),
        form=ReturnForm,
        when=lambda row: row.status in ENDED,
        refusal=_("Only an enrollment that was completed or failed is opened again."),
        in_bulk=True,
    )
    def reopen(self, form: ReturnForm, enrollment: Enrollment) -> str:
        return _returned(enrollment)


def _returned(enrollment: Enrollment) -> str:
    reinstate(enrollment)
    message = gettext("%(student)s is active again.") % {"student": enrollment.student}
    return f"{message} {excess_sentence(enrollment.excess)}" if enrollment.excess else message
