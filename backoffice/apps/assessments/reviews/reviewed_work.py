"""A peer review with all that its form shows: the rubric of the work, and the marks given by it."""

from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from backoffice.apps.assessments.grading.marked_work import MarkedWork, contents_hash, criteria_of
from backoffice.apps.assessments.models import PeerReview, PeerReviewScore

SALT = "backoffice.assessments.reviewed_work"
DIGITS = 20


@dataclass(kw_only=True)
class ReviewedWork(MarkedWork):
    """A review, the rubric that marks the work, and the review's marks by criterion."""

    review: PeerReview
    change: int  # the newest change set that wrote the review or its points

    @property
    def version(self) -> str:
        """The version of the review and of the rubric, as a form carries it.

        The number of the newest change stands before the dash; behind it a digest of all of it.
        """
        marks = sorted(
            (key, each.level_id, f"{each.points.normalize():f}", each.comment)
            for key, each in self.scores.items()
        )
        rubric = self.submission.marking_rubric_id
        parts = (self.review.lock_version(), marks, rubric, contents_hash(self.criteria))
        digest = salted_hmac(SALT, repr(parts), algorithm="sha256").hexdigest()[:DIGITS]
        return f"{self.change}-{digest}"


def reviewed_work(review: PeerReview) -> ReviewedWork:
    """The marks of a review that was read with its submission and the assessment."""
    submission = review.submission
    rubric = submission.marking_rubric_id
    rows = PeerReviewScore._base_manager.filter(review=review.pk)
    scores: dict[int, Any] = {each.criterion_id: each for each in rows}
    criteria = criteria_of(rubric) if rubric else []
    newest = newest_version(review)
    change = newest.change_set_id if newest else None
    return ReviewedWork(submission, criteria, scores, review=review, change=change or 0)


def newest_version(review: PeerReview, **narrowed: Any) -> Any:
    """Of the versions of a review and of its points the one of the newest change; None for none."""
    histories: Any = (
        PeerReview.history.model._base_manager.filter(id=review.pk),
        PeerReviewScore.history.model._base_manager.filter(review=review.pk),
    )
    rows = (
        each.filter(change_set__isnull=False, **narrowed)
        .select_related("change_set")
        .order_by("-change_set_id", "-history_id")
        .first()
        for each in histories
    )
    return max(filter(None, rows), key=lambda row: row.change_set_id, default=None)


def marks_until(review: PeerReview, change: int) -> dict[int, Any]:
    """The points of a review as they stood after a change, by criterion: rows of the history."""
    history: Any = PeerReviewScore.history.model._base_manager
    rows = history.filter(review=review.pk, change_set__lte=change).order_by("history_id")
    last = {row.criterion_id: row for row in rows}
    return {key: row for key, row in last.items() if row.history_type != "-"}
