"""Another role for somebody, which takes two admins."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.approvals import approvable, request_approval
from backoffice.audit.models import Approval

ACTION = "role"


def request_role(person: User, role: str, by: Any, reason: str) -> Approval:
    """Ask a second admin to agree that this person gets this role.

    Raises ValidationError for the role the person has, and for a student without a student ID.
    """
    label = User.Role(role).label
    if role == person.role and person.is_active:
        message = _("%(person)s has this role already.") % {"person": person}
        raise ValidationError({"role": message})
    if role == User.Role.STUDENT and not person.student_id:
        message = _("A student needs a student ID. Enter it on the person's page first.")
        raise ValidationError({"role": message})
    template = _("%(person)s (%(name)s) becomes %(role)s")
    description = template % {"person": person, "name": person.username, "role": label}
    return request_approval(ACTION, person, description, by, reason=reason, role=role)


@approvable(ACTION)
def grant_role(approval: Approval) -> None:
    """The person has the role from the next request on, and an account that works."""
    person = User.objects.select_for_update().get(pk=approval.subject_id)
    person.role, person.is_active = approval.payload["role"], True
    person.full_clean()
    person.save()
