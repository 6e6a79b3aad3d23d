"""What a grader has typed and not saved: kept on the server, for that grader alone."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backoffice.apps.assessments.models import AssessmentSubmission, GradeDraft

PARTS = ("criterion-", "response-")
PLAIN = ("score", "feedback", "override_reason", "reason", "version")


def is_of_grade(name: str) -> bool:
    """Whether a field of the form belongs to the grade."""
    return name in PLAIN or name.startswith(PARTS)


def typed_in(data: Mapping[str, Any]) -> dict[str, str]:
    """What a form sent of a grade, by field: all of it, to be read, or refused, as it is."""
    return {name: str(data[name]) for name in data if is_of_grade(name)}


def storable(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed without NUL, which no database takes and no page shows."""
    return {name.replace("\0", ""): text.replace("\0", "") for name, text in typed.items()}


def store(submission: AssessmentSubmission, grader: Any, typed: Mapping[str, str]) -> GradeDraft:
    """Store what was typed in the place of what was stored before; no history row is written."""
    draft = GradeDraft(
        submission=submission, grader=grader, payload=storable(typed), saved_at=timezone.now()
    )
    GradeDraft.objects.bulk_create(
        [draft],
        update_conflicts=True,
        unique_fields=["submission", "grader"],
        update_fields=["payload", "saved_at"],
    )
    return draft


def draft_of(submission: AssessmentSubmission, grader: Any) -> GradeDraft | None:
    """The grader's own; nobody else's is ever asked for."""
    return GradeDraft.objects.filter(submission=submission.pk, grader=grader.pk).first()


def drop(submission: int, grader: Any) -> None:
    """What was typed is saved, or given up."""
    rows = GradeDraft.objects.filter(submission=submission, grader=grader.pk)
    rows._raw_delete(rows.db)  # nothing hangs on a draft: no look whether something does


def store_known(submission: AssessmentSubmission, grader: Any, typed: Mapping[str, str]) -> None:
    """Keep what was typed where there is a draft already: the right to begin one may be gone."""
    known = GradeDraft.objects.filter(submission=submission.pk, grader=grader.pk)
    known.update(payload=storable(typed), saved_at=timezone.now())
