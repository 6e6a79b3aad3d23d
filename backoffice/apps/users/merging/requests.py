"""Asking for a merge, and for its undo: each takes a second person."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.apps.users.merging.plan import MergePlan, plan_of
from backoffice.apps.users.merging.undoing import undo
from backoffice.apps.users.merging.writing import locked_pair, merge
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.approvals import approvable, request_approval
from backoffice.audit.models import Approval

MERGE, UNDO = "merge", "undo_merge"


def request_merge(survivor: User, duplicate: User, by: Any, reason: str) -> Approval:
    """Ask a second person to agree that the duplicate is merged into the survivor.

    What is still open may be decided until then. Raises ValidationError for other than two students
    in use, and where the same was asked for already.
    """
    with transaction.atomic():
        # As they are stored: this is what is compared when a second person agrees. Locked, so that
        # of two who ask at once the later one sees the other's request.
        survivor, duplicate = locked_pair(survivor.pk, duplicate.pk)
        _refuse_waiting(survivor, duplicate)
        digests = plan_of(survivor, duplicate).digests
        description = _("%(duplicate)s is merged into %(survivor)s") % {
            "duplicate": named(duplicate),
            "survivor": named(survivor),
        }
        values = {"survivor": survivor.pk, "agreed": digests, "choices": {}}
        return request_approval(MERGE, duplicate, description, by, reason=reason, **values)


def named(person: User) -> str:
    """A student by name and ID: two records of one person have the same name."""
    return f"{person} ({person.student_id})"


def _refuse_waiting(survivor: User, duplicate: User) -> None:
    keys = {survivor.pk, duplicate.pk}
    if any(keys & keys_of(approval) for approval in waiting_merges()):
        message = _("A merge of one of these two was asked for already and waits for a decision.")
        raise ValidationError(message, code="waiting")


def waiting_merges() -> models.QuerySet[Approval]:
    """The merges that were asked for and are not decided yet."""
    return Approval.objects.waiting().filter(action=MERGE).order_by("pk")


def keys_of(approval: Approval) -> set[int]:
    """The keys of the two records that a request is about."""
    return {approval.subject_id, approval.payload["survivor"]}


def plan_for(approval: Approval) -> MergePlan:
    """What a request that waits would do now."""
    people = User._base_manager.in_bulk(keys_of(approval))
    survivor, duplicate = people[approval.payload["survivor"]], people[approval.subject_id]
    return plan_of(survivor, duplicate, approval.payload["choices"])


def choose(approval: Approval, key: str, choice: dict[str, Any]) -> None:
    """Note what was decided of a pair, as long as the request waits."""
    with transaction.atomic():
        row = Approval.objects.select_for_update().get(pk=approval.pk)
        if row.state != Approval.State.WAITING:
            raise ValidationError(_("This was decided already."), code="decided")
        row.payload["choices"][key] = choice
        row.save(update_fields=["payload"])


def merge_page(approval: Approval) -> str:
    """The address of the page that shows what a request would do."""
    page = reverse("admin:users_user_merge", args=[approval.payload["survivor"]])
    return f"{page}?{urlencode({'other': approval.subject_id})}"


@approvable(MERGE, page=merge_page)
def carry_out_merge(approval: Approval) -> None:
    """The two records are one, and the request knows how that is undone."""
    payload = approval.payload
    change_set, unrecorded = merge(
        payload["survivor"],
        approval.subject_id,
        payload["choices"],
        approval.reason,
        payload["agreed"],
    )
    approval.payload = payload | {"change_set": change_set, "unrecorded": unrecorded}
    # The secret that goes with a decision is in memory only.
    Approval.objects.filter(pk=approval.pk).update(payload=approval.payload)


def merge_of(duplicate: User) -> Approval | None:
    """The request under which a record was merged; None where it is in use."""
    merges = Approval.objects.filter(
        action=MERGE, subject_id=duplicate.pk, state=Approval.State.APPROVED
    )
    return merges.order_by("-decided_at", "-pk").first() if duplicate.merged_into_id else None


def request_undo(duplicate: User, by: Any, reason: str) -> Approval:
    """Ask a second person to agree that a merge is undone.

    Raises ValidationError for a record that is not merged, and where it could not be undone now.
    """
    merged = merge_of(duplicate)
    if merged is None:
        message = _("%(person)s is not merged into another record.") % {"person": duplicate}
        raise ValidationError(message, code="not_merged")
    try_undo(merged)
    description = _("Undone: %(merge)s") % {"merge": merged.sentence}
    values = {"survivor": merged.payload["survivor"], "merge": merged.pk}
    return request_approval(UNDO, duplicate, description, by, reason=reason, **values)


def try_undo(merged: Approval) -> None:
    """Raise ValidationError where a merge could not be undone now; nothing is written."""
    with transaction.atomic():
        _undo(merged, merged.reason)
        transaction.set_rollback(True)


@approvable(UNDO)
def carry_out_undo(approval: Approval) -> None:
    """Both records are what they were. Raises ValidationError where something changed since."""
    merged = Approval.objects.get(pk=approval.payload["merge"])
    duplicate = User._base_manager.get(pk=approval.subject_id)
    if merge_of(duplicate) != merged:
        message = _("%(person)s is not merged into another record.") % {"person": duplicate}
        raise ValidationError(message, code="not_merged")
    _undo(merged, approval.reason)


def _undo(merged: Approval, reason: str) -> int:
    payload = merged.payload
    return undo(
        payload["survivor"],
        merged.subject_id,
        payload["change_set"],
        payload["unrecorded"],
        reason,
    )
