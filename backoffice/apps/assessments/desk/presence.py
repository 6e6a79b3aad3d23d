"""Who is at which work: a soft mark that blocks nobody and lapses by itself."""

from collections.abc import Collection
from typing import Any

from django.utils import timezone

from backoffice.apps.assessments.models import AssessmentSubmission, GradingPresence
from backoffice.apps.assessments.models.desk import SILENCE


def sign(submission: AssessmentSubmission, grader: Any) -> None:
    """The grader is at this work now."""
    now = timezone.now()
    known = GradingPresence.objects.filter(submission=submission.pk, grader=grader.pk)
    # Whoever was away longer than a mark lasts begins anew.
    if known.filter(seen_at__gt=now - SILENCE).update(seen_at=now):
        return
    GradingPresence.objects.bulk_create(
        [GradingPresence(submission=submission, grader=grader, since=now, seen_at=now)],
        update_conflicts=True,
        unique_fields=["submission", "grader"],
        update_fields=["since", "seen_at"],
    )


def leave(grader: Any, *, but: int | None = None) -> None:
    """The grader is at no other work than this one."""
    GradingPresence.objects.filter(grader=grader.pk).exclude(submission=but).delete()


def others_at(submission: AssessmentSubmission, user: Any) -> list[GradingPresence]:
    """Everybody else who is at this work, the first first."""
    rows = GradingPresence.objects.current().filter(submission=submission.pk)
    return list(rows.exclude(grader=user.pk).select_related("grader").order_by("since", "pk"))


def others_among(keys: Collection[int], user: Any) -> dict[int, GradingPresence]:
    """Of several pieces of work, who else is at each."""
    rows = GradingPresence.objects.current().filter(submission__in=keys).exclude(grader=user.pk)
    matches = rows.select_related("grader").order_by("-since", "-pk")
    return {row.submission_id: row for row in matches}
