"""Three students of a course with a rubric; one of them reviews another one's work."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    PeerReview,
    RubricCriterion,
)
from backoffice.apps.users.models import User
from tests.assessments.desk.conftest import assistant, course, essay, rubric, works
from tests.assessments.reviews.review_desk import ReviewDesk

__all__ = ["assistant", "course", "essay", "rubric", "works"]


@pytest.fixture
def review(works: list[AssessmentSubmission]) -> PeerReview:
    """Bo reviews Ada."""
    return PeerReview.objects.create(submission=works[0], reviewer=works[1].student)


@pytest.fixture
def plain_review(works: list[AssessmentSubmission], essay: Assessment) -> PeerReview:
    """The same for an assessment without a rubric."""
    Assessment.objects.filter(pk=essay.pk).update(rubric=None)
    return PeerReview.objects.create(submission=works[0], reviewer=works[1].student)


@pytest.fixture
def argument(essay: Assessment) -> RubricCriterion:
    return RubricCriterion.objects.get(rubric=essay.rubric, title="Argument")


@pytest.fixture
def sources(essay: Assessment) -> RubricCriterion:
    return RubricCriterion.objects.get(rubric=essay.rubric, title="Sources")


@pytest.fixture
def desk(instructor_client: Client, review: PeerReview) -> ReviewDesk:
    return ReviewDesk(instructor_client, review)


@pytest.fixture
def assistant_client(essay: Any, assistant: User) -> Client:
    client = Client()
    client.force_login(assistant)
    return client


@pytest.fixture
def stranger_client(essay: Any, person: Callable[..., User]) -> Client:
    """Somebody who teaches another course."""
    client = Client()
    client.force_login(person("instructor", "stranger"))
    return client
