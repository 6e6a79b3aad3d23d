"""A second person agrees to an import that is held, or does not."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.record.recording import name_of
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, BatchQuerySet


def may_agree(batch: Batch, person: Any) -> bool:
    """Whether the person may decide on a held import: another one, who may see its rows."""
    is_other = batch.uploaded_by_id is None or batch.uploaded_by_id != person.pk
    return is_other and may(person, "approve", Batch) and batch.kind not in unseen_kinds(person)


def unseen_kinds(person: Any) -> list[str]:
    """Kinds of whose rows the person may see none; a preview shows some."""
    return [name for name, each in kinds.items() if not may(person, "view", each.model())]


def lapse(batch: Batch) -> None:
    """Forget who agreed to another outcome than the batch has now."""
    if batch.approved_digest and batch.approved_digest != batch.digest:
        batch.approved_by, batch.approved_at = None, None
        batch.approver_name = batch.approved_digest = ""


def held_for(person: Any) -> BatchQuerySet:
    """What the person may decide on: what others brought in and is held."""
    if not may(person, "approve", Batch):
        return Batch.objects.none()
    held = Batch.objects.filter(state=Batch.State.HELD).exclude(kind__in=unseen_kinds(person))
    return held.exclude(uploaded_by=person.pk) | held.filter(uploaded_by=None)


def agree(batch: Batch, digest: str, person: Any) -> bool:
    """Let the outcome with this digest go in; False where the batch is not held for it any more.

    The uploader applies it. Raises PermissionDenied for who may not agree.
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
