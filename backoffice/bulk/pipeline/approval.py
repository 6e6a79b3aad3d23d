"""A second person's approval of a held import."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.record.recording import name_of
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, BatchQuerySet


def may_agree(batch: Batch, person: Any) -> bool:
    """Whether the person is not the uploader, approves imports and may see these rows."""
    is_other = batch.uploaded_by_id is None or batch.uploaded_by_id != person.pk
    return is_other and may(person, "approve", Batch) and batch.kind not in unseen_kinds(person)


def unseen_kinds(person: Any) -> list[str]:
    """Kinds whose rows the person may not see, so nor their previews."""
    return [name for name, each in kinds.items() if not may(person, "view", each.model())]


def lapse(batch: Batch) -> None:
    """Remove an approval of another outcome than the batch has now."""
    if batch.approved_digest and batch.approved_digest != batch.digest:
        batch.approved_by, batch.approved_at = None, None
        batch.approver_name = batch.approved_digest = ""


def held_for(person: Any) -> BatchQuerySet:
    """Held imports on which the person may decide."""
    if not may(person, "approve", Batch):
        return Batch.objects.none()
    held = Batch.objects.filter(state=Batch.State.HELD).exclude(kind__in=unseen_kinds(person))
    return held.exclude(uploaded_by=person.pk) | held.filter(uploaded_by=None)


def agree(batch: Batch, digest: str, person: Any) -> bool:
    """Approve the outcome with this digest, which the uploader then applies.

    Returns False if the batch is not held for it any more. Raises PermissionDenied for a person
    who may not approve it.
    """
    if not may_agree(batch, person):
        raise PermissionDenied(_("An import is approved by another registrar or an admin."))
    agreed = batch.move(
        Batch.State.PREVIEWED,
        before=(Batch.State.HELD,),
        expected_digest=digest,
        sentence="",
        approved_by=person,
        approver_name=name_of(person),
        approved_at=timezone.now(),
        approved_digest=digest,
    )
    batch.refresh_from_db()
    return agreed
