"""What a check compares is what the other row says, whoever writes: the database sees to it."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    PeerReview,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.users.models import Enrollment


@pytest.fixture
def work(courses: Any, student: Any) -> AssessmentSubmission:
    """A submission with 80 of 100 points, and a review of it."""
    one, other = student("s1001"), student("s1002")
    for each in (one, other):
        Enrollment.objects.create(course=courses["BIO101"], student=each)
    essay = Assessment.objects.create(course=courses["BIO101"], code="TMA01", title="Essay")
    handed_in = AssessmentSubmission.objects.create(assessment=essay, student=one, score=80)
    PeerReview.objects.create(submission=handed_in, reviewer=other)
    return handed_in


FALSE = [
    "UPDATE assessments_submission SET score = 500, maximum = 500",
    "UPDATE assessments_submission SET maximum = 90",
    "UPDATE assessments_assessment SET max_score = 50",
    "UPDATE assessments_rubriccriterion SET max_points = 1",
    "UPDATE assessments_rubriclevel SET points = 50, maximum = 50",
    "UPDATE assessments_peerreview SET author_id = reviewer_id, reviewer_id = author_id",
]


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.check_constraints()


@pytest.mark.parametrize("statement", FALSE)
def test_no_statement_makes_a_copy_lie(statement: str, work: AssessmentSubmission):
    rubric = GradingRubric.objects.create(course=work.assessment.course, title="Essay")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Argument", max_points=40
    )
    RubricLevel.objects.create(criterion=criterion, title="Sound", points=30)
    with pytest.raises(IntegrityError), transaction.atomic():
        run(statement)


def test_copies_follow_the_original(work: AssessmentSubmission):
    Assessment.objects.update(max_score=120)
    work.refresh_from_db()
    assert work.maximum == 120


def test_a_row_saved_with_an_old_related_row_in_memory_takes_what_holds_now(
    work: AssessmentSubmission,
):
    assert work.assessment.max_score == 100
    Assessment.objects.filter(pk=work.assessment_id).update(max_score=120)
    work.score = 110
    work.save()
    connection.check_constraints()
    work.refresh_from_db()
    assert (work.score, work.maximum) == (110, 120)
