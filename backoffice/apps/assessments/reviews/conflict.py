"""Two entries of one peer review: what both began with, what is stored, and what was typed."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk.conflict import (
    ConflictingValue,
    GradeConflict,
    author_of_change,
    change_number,
    conflicting_marks,
)
from backoffice.apps.assessments.models import PeerReview
from backoffice.apps.assessments.reviews.reviewed_work import (
    ReviewedWork,
    marks_until,
    newest_version,
)


def review_conflict(work: ReviewedWork, typed: Mapping[str, str], user: Any) -> GradeConflict:
    """What stands against what, for the person to choose."""
    review = work.review
    opened = change_number(typed.get("version", ""))
    latest, base = newest_version(review), newest_version(review, change_set__lte=opened)
    values = [_feedback(review, opened, typed), *_marks(work, opened, typed)]
    return GradeConflict(
        values=[each for each in values if len({each.base, each.stored, each.typed}) > 1],
        who=author_of_change(latest),
        when=latest.history_date if latest else None,
        base_who=author_of_change(base),
        base_when=base.history_date if base else None,
        grader=str(user),
        version=work.version,
        is_other_rubric=opened == work.change,
    )


def _feedback(review: PeerReview, opened: int, typed: Mapping[str, str]) -> ConflictingValue:
    history: Any = PeerReview.history.model._base_manager
    rows = history.filter(id=review.pk, change_set__lte=opened).order_by("-history_id")
    base, stored = rows.values_list("feedback", flat=True).first(), review.feedback
    words = typed.get("feedback", "")
    return ConflictingValue(_("Feedback"), base or "", stored, words, {"feedback": stored})


def _marks(work: ReviewedWork, opened: int, typed: Mapping[str, str]) -> list[ConflictingValue]:
    return list(conflicting_marks(work, marks_until(work.review, opened), typed))
