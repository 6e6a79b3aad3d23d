"""Two records of one person: how they are merged, and the work that they have."""

from datetime import UTC, datetime
from typing import Any

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.merging.requests import request_merge, request_undo
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.approvals import approve
from backoffice.audit.models import Approval
from backoffice.audit.record.recording import recording

WHY = "She applied twice, see letter 4711"
BACK = "They are two people after all"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def merged(own: User, other: User, registrar: User, second: User) -> Approval:
    """Asked for by one, agreed to by the other."""
    approval = request_merge(own, other, registrar, WHY)
    agreed(approval, second)
    own.refresh_from_db()
    other.refresh_from_db()
    return approval


def undone(other: User, registrar: User, second: User) -> None:
    """The undo of a merge, by two as well."""
    agreed(request_undo(other, registrar, BACK), second)


def agreed(approval: Approval, second: User) -> None:
    """A second person approves."""
    with recording(source="action", actor=second):
        approve(Approval.objects.get(pk=approval.pk), second)


def refusals_of(refusal: Any) -> list[str]:
    """What a ValidationError says."""
    return list(refusal.value.messages)


def work(paper: Assessment, person: User, **fields: Any) -> AssessmentSubmission:
    """Work that was handed in."""
    values = {"text": f"By {person.student_id}", "submitted_at": NOON, "assessment": paper}
    return AssessmentSubmission.objects.create(student=person, **values | fields)


def graded(paper: Assessment, person: User, score: float) -> AssessmentSubmission:
    """Work with a grade."""
    return work(paper, person, score=score, status="graded")
