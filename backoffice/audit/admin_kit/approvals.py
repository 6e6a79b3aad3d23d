"""Actions that take two people: registered here, requested by one, decided by another.

`@approvable("name")` registers what is done once somebody else agrees.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.audit.models import Approval, ApprovalQuerySet
from backoffice.audit.record.recording import name_of
from backoffice.audit.record.second_person import (
    Setter,
    asked_by_others,
    is_second_person,
    one_person_message,
    people_behind,
    setting,
)

# What a row says of who asked, and when.
ASKED = {"by": "requested_by", "at": "requested_at"}

ApprovedAction = Callable[[Approval], None]
PageAddress = Callable[[Approval], str]
_actions: dict[str, ApprovedAction] = {}
_pages: dict[str, PageAddress] = {}


def approvable(
    name: str, page: PageAddress | None = None
) -> Callable[[ApprovedAction], ApprovedAction]:
    """Register the function that runs when this is approved.

    `page` gives the address of a page that shows what would be done.
    """

    def register(action: ApprovedAction) -> ApprovedAction:
        _actions[name] = action
        if page is not None:
            _pages[name] = page
        return action

    return register


def preview_address(approval: Approval) -> str:
    """The page that shows what a request would do; blank where the sentence says it all."""
    page = _pages.get(approval.action)
    return page(approval) if page and approval.state == Approval.State.WAITING else ""


def request_approval(  # noqa: PLR0913  # what is asked for, in words and as values
    action: str,
    subject: models.Model,
    message: str,
    by: Any,
    *,
    reason: str,
    secret: str = "",
    **payload: Any,
) -> Approval:
    """Request an action that somebody else decides; a secret goes with the decision.

    Raises ValidationError where the same was requested already.
    """
    approval = Approval(
        action=action,
        subject_label=subject._meta.label_lower,
        subject_id=subject.pk,
        sentence=message,
        payload=payload,
        secret=secret,
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

    Raises ValidationError for one's own request, that of an account which may be one's own, a
    change of one's own account, and where the action itself is refused.
    """
    with transaction.atomic():
        _refuse_one_person(approval, by)
        secret = approval.secret
        _decide(approval, by, Approval.State.APPROVED, note)
        # The action reads it once more; stored it is no longer.
        approval.secret = secret
        # Who approves a password does not know it: whoever asked does.
        asker = approval.requested_by
        behind = people_behind(asker.pk, approval.requested_at)
        with setting(Setter(asker, approval.requested_name, behind)):
            _actions[approval.action](approval)


def refuse(approval: Approval, by: Any, note: str = "") -> None:
    _decide(approval, by, Approval.State.REFUSED, note)


def decidable_by(person: Any) -> ApprovalQuerySet:
    """The requests that wait, and that this person may approve."""
    waiting = Approval.objects.waiting().permitted_to(person, "approve")
    return asked_by_others(waiting, person, **ASKED)


def _refuse_one_person(approval: Approval, by: Any) -> None:
    is_own = approval.requested_by_id == by.pk  # has a sentence of its own
    if not is_own and not is_second_person(by, approval, **ASKED):
        raise ValidationError(one_person_message(), code="one_person")
    account = (get_user_model()._meta.label_lower, by.pk)
    if (approval.subject_label, approval.subject_id) == account:
        message = _("Nobody approves a change of their own account. Another admin does.")
        raise ValidationError(message, code="own_account")


def _decide(approval: Approval, by: Any, state: str, note: str) -> None:
    if approval.state != Approval.State.WAITING:
        raise ValidationError(_("This was decided already."), code="decided")
    if approval.requested_by_id == by.pk:
        message = _("Nobody approves what they asked for themselves.")
        raise ValidationError(message, code="own_request")
    approval.state, approval.note, approval.secret = state, note, ""
    # The name as text, too: it outlives the account.
    approval.decided_by, approval.decided_name = by, name_of(by)
    approval.decided_at = timezone.now()
    approval.save()
