"""What a review said when it was submitted first: a correction keeps it, and shows it beside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk.conflict import author_of_change, marks_text
from backoffice.apps.assessments.models import PeerReview, RubricCriterion, RubricLevel
from backoffice.apps.assessments.reviews.reviewed_work import ReviewedWork, marks_until


@dataclass(frozen=True)
class FirstEntry:
    """Who gave a review first and when, and what of it is another by now: label, then, now."""

    who: str
    when: datetime
    differences: list[tuple[str, str, str]]


def first_entry(work: ReviewedWork) -> FirstEntry | None:
    """The review as it was submitted for the first time; None for one that never was."""
    history: Any = PeerReview.history.model._base_manager
    rows = history.filter(id=work.review.pk, status=PeerReview.Status.SUBMITTED)
    first = rows.select_related("change_set").order_by("history_id").first()
    if first is None or first.change_set_id is None:
        return None
    differences = _differences(work, marks_until(work.review, first.change_set_id))
    if first.feedback != work.review.feedback:
        differences.append((_("Feedback"), first.feedback, work.review.feedback))
    return FirstEntry(author_of_change(first), first.history_date, differences)


def _differences(work: ReviewedWork, before: dict[int, Any]) -> list[tuple[str, str, str]]:
    keys = before.keys() | work.scores.keys()
    rows = RubricCriterion._base_manager.filter(pk__in=keys).order_by("position", "pk")
    levels = dict(RubricLevel._base_manager.filter(criterion__in=keys).values_list("pk", "title"))
    pairs = [
        (
            each.title,
            marks_text(before.get(each.pk), levels),
            marks_text(work.scores.get(each.pk), levels),
        )
        for each in rows
    ]
    return [pair for pair in pairs if pair[1] != pair[2]]
