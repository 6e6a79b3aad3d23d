"""A peer review is handed in, and goes back to its reviewer; and who may be one."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from backoffice.apps.assessments.models import PeerReview
from backoffice.apps.users.models import Enrollment


def submit(review: PeerReview) -> None:
    _become(review, PeerReview.Status.SUBMITTED)


def give_back(review: PeerReview) -> None:
    _become(review, PeerReview.Status.ASSIGNED)


def _become(review: PeerReview, status: str) -> None:
    review.status = status
    review.submitted_at = timezone.now() if status == PeerReview.Status.SUBMITTED else None
    review.full_clean()
    review.save()


def reviewers_among(people: models.QuerySet[Any], user: Any) -> models.QuerySet[Any]:
    """Students of the courses the user sees; a form adds: of the course of the work."""
    taking = Enrollment.objects.visible_to(user).students().exclude(status="withdrawn")
    # Who reviewed and left since stands on the page of that review.
    reviewing = PeerReview.objects.visible_to(user)
    is_one = Q(pk__in=taking.values("student")) | Q(pk__in=reviewing.values("reviewer"))
    return people.filter(is_one)
