"""Actions that take two people: registered here, requested by one, decided by another.

`@approvable("name")` registers what is done once somebody else agrees.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.audit.models import Approval
from backoffice.audit.record.recording import name_of

ApprovedAction = Callable[[Approval], None]
_actions: dict[str, ApprovedAction] = {}


def approvable(name: str) -> Callable[[ApprovedAction], ApprovedAction]:
    """Register the function that runs when this is approved."""

    def register(action: ApprovedAction) -> ApprovedAction:
        _actions[name] = action
        return action

    return register


def request_approval(
    action: str, subject: models.Model, message: str, by: Any, *, reason: str, **payload: Any
) -> Approval:
    """Request an action that somebody else decides.

    Raises ValidationError where the same was requested already.
    """
    approval = Approval(
        action=action,
        subject_label=subject._meta.label_lower,
        subject_id=subject.pk,
        sentence=message,
        payload=payload,
        reason=reason,
        requested_by=by,
        requested_name=name_of(by),
    )
    # The same request twice is an error of the form, not of the database.
    approval.validate_constraints()
    approval.save()
    return approval


def approve(approval: Approval, by: Any, note: str = "") -> None:
    """Agree, and do it, in one transaction.

    Raises ValidationError for one's own request, and where the action itself is refused.
    """
    with transaction.atomic():
        _decide(approval, by, Approval.State.APPROVED, note)
        _actions[approval.action](approval)


def refuse(approval: Approval, by: Any, note: str = "") -> None:
    _decide(approval, by, Approval.State.REFUSED, note)


def _decide(approval: Approval, by: Any, state: str, note: str) -> None:
    if approval.state != Approval.State.WAITING:
        raise ValidationError(_("This was decided already."), code="decided")
    if approval.requested_by_id == by.pk:
        message = _("Nobody approves what they asked for themselves.")
        raise ValidationError(message, code="own_request")
    approval.state, approval.note = state, note
    # The name as text, too: it outlives the account.
    approval.decided_by, approval.decided_name = by, name_of(by)
    approval.decided_at = timezone.now()
    approval.save()
