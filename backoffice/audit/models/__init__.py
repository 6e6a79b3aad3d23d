"""The record: change sets, the base of audited models, the access log and the seal."""

from backoffice.audit.models.access_record import AccessRecord
from backoffice.audit.models.approval import Approval, ApprovalQuerySet
from backoffice.audit.models.audited import Audited, AuditedQuerySet
from backoffice.audit.models.change_set import ChangeSet
from backoffice.audit.models.credentials import AccountConfirmation, CredentialChange
from backoffice.audit.models.seal import Block, BlockPart, Erasure, Removal, Salt

__all__ = [
    "AccessRecord",
    "AccountConfirmation",
    "Approval",
    "ApprovalQuerySet",
    "Audited",
    "AuditedQuerySet",
    "Block",
    "BlockPart",
    "ChangeSet",
    "CredentialChange",
    "Erasure",
    "Removal",
    "Salt",
]
