"""A peer review is handed in, and goes back to its reviewer."""

from django.utils import timezone

from backoffice.apps.assessments.models import PeerReview


def submit(review: PeerReview) -> None:
    _become(review, PeerReview.Status.SUBMITTED)


def give_back(review: PeerReview) -> None:
    _become(review, PeerReview.Status.ASSIGNED)


def _become(review: PeerReview, status: str) -> None:
    review.status = status
    review.submitted_at = timezone.now() if status == PeerReview.Status.SUBMITTED else None
    review.full_clean()
    review.save()
