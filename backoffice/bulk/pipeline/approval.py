"""A second person's approval of a held import."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.record.recording import claimed, name_of
from backoffice.audit.record.second_person import asked_by_others, one_person_message
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, BatchQuerySet


def may_agree(batch: Batch, person: Any) -> bool:
    """Whether another person than the uploader, who approves imports and may see these rows."""
    return _approvable(Batch.objects.filter(pk=batch.pk), person).exists()


def _approvable(batches: BatchQuerySet, person: Any) -> BatchQuerySet:
    if not may(person, "approve", Batch):
        return batches.none()
    seen = batches.exclude(kind__in=unseen_kinds(person))
    return asked_by_others(seen, person, by="uploaded_by", at="uploaded_at")


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
    return _approvable(Batch.objects.filter(state=Batch.State.HELD), person)


def agree(batch: Batch, digest: str, person: Any) -> bool:
    """Approve the outcome with this digest, which the uploader then applies.

    Returns False if the batch is not held for it any more. Raises PermissionDenied for a person
    who may not approve it.
    """
    if not may_agree(batch, person):
        is_own = batch.uploaded_by_id == person.pk
        if not is_own and may(person, "approve", Batch) and batch.kind not in unseen_kinds(person):
            raise PermissionDenied(one_person_message())
        raise PermissionDenied(_("An import is approved by another registrar or an admin."))
    agreed = batch.move(
        Batch.State.PREVIEWED,
        before=(Batch.State.HELD,),
        expected_digest=digest,
        sentence="",
        approved_by=person,
        approver_name=claimed(name_of(person), 320),
        approved_at=timezone.now(),
        approved_digest=digest,
    )
    batch.refresh_from_db()
    return agreed
