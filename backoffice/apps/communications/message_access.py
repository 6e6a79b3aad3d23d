"""Who reads a message: its two parties, and for an hour an admin to whom another one agreed.

Breaking the glass takes a reason, and every look is recorded. A superuser has no other way either.
"""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.apps.communications.models import DirectMessage
from backoffice.audit.admin_kit.approvals import approvable, request_approval
from backoffice.audit.models import Approval, ChangeSet, CredentialChange
from backoffice.audit.record.recording import note

ACTION = "read_message"
OPEN_FOR = timedelta(hours=1)


def is_party(message: DirectMessage, user: Any) -> bool:
    return user.pk in (message.sender_id, message.recipient_id)


def may_read(message: DirectMessage, user: Any) -> bool:
    return is_party(message, user) or approval_for(message, user) is not None


def approval_for(message: DirectMessage, user: Any) -> Approval | None:
    """The approval under which the person may read the message now."""
    # Whoever has another role since is no admin any more, and no hour of theirs goes on.
    if not may(user, "break_glass", DirectMessage):
        return None
    # Leave is a person's: whoever set something of the account since may hold it now.
    changed = CredentialChange.objects.filter(
        account=user.pk, created_at__gt=models.OuterRef("requested_at")
    )
    # The hour begins when the second admin agrees, not when the first one asks.
    approvals = Approval.objects.filter(
        ~models.Exists(changed),
        action=ACTION,
        subject_id=message.pk,
        requested_by=user.pk,
        state=Approval.State.APPROVED,
        decided_at__gt=timezone.now() - OPEN_FOR,
    )
    return approvals.order_by("-decided_at", "-pk").first()


def reachable(people: models.QuerySet, user: Any) -> models.QuerySet:
    """The people one may write to: these and every colleague with an account, not oneself."""
    colleagues = people.model.objects.staff().active()
    condition = models.Q(pk__in=people.values("pk")) | models.Q(pk__in=colleagues.values("pk"))
    return people.model.objects.filter(condition).exclude(pk=user.pk)


def request_message_access(message: DirectMessage, by: Any, reason: str) -> Approval:
    """Ask a second admin for leave to read a message.

    Raises ValidationError for one's own message and where it was asked for already.
    """
    if is_party(message, by):
        raise ValidationError(_("It is your own message; you can read it."), code="own_message")
    description = _("%(name)s reads the message from %(sender)s to %(recipient)s of %(when)s") % {
        "name": by.username,
        "sender": message.sender,
        "recipient": message.recipient,
        "when": f"{message.sent_at:%Y-%m-%d %H:%M}",
    }
    return request_approval(ACTION, message, description, by, reason=reason)


@approvable(ACTION)
def open_message(_approval: Approval) -> None:
    """Nothing is to be done: `approval_for` finds the approval itself."""


def record_message_access(message: DirectMessage, user: Any) -> None:
    """Record that the person looked at another's message, in a change set of its own."""
    approval = None if is_party(message, user) else approval_for(message, user)
    if approval is None:
        return
    template = _("Read the message %(number)d under approval %(leave)d: %(reason)s")
    reason = template % {"number": message.pk, "leave": approval.pk, "reason": approval.reason}
    note(reason, source=ChangeSet.Source.ACTION, actor=user)
