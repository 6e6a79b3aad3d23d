"""Rubrics, a course and a final grade in it, for tests of marks."""

from decimal import Decimal
from typing import Any

import pytest

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User


@pytest.fixture
def course(courses: dict[str, Course], instructor: User) -> Course:
    """The instructor's own course."""
    courses["BIO101"].instructor = instructor
    courses["BIO101"].save()
    return courses["BIO101"]


@pytest.fixture
def assistant(course: Course, person: Any) -> User:
    """Somebody who assists in the course."""
    helper = person("instructor", "assistant")
    Enrollment.objects.create(course=course, student=helper, role="teaching_assistant")
    return helper


@pytest.fixture
def work(course: Course, student: Any, instructor: User) -> AssessmentSubmission:
    """A final grade of 71, with an answer and points for a criterion."""
    one = student("s1001")
    Enrollment.objects.create(course=course, student=one)
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Argument", max_points=100
    )
    level = RubricLevel.objects.create(criterion=criterion, title="Sound", points=71)
    essay = Assessment.objects.create(course=course, code="TMA01", title="Essay", rubric=rubric)
    question = Question.objects.create(assessment=essay, position=1, text="Why?", points=100)
    row = AssessmentSubmission.objects.create(assessment=essay, student=one, text="So.")
    QuestionResponse.objects.create(submission=row, question=question, answer="A.", score=71)
    CriterionScore.objects.create(submission=row, criterion=criterion, level=level, points=71)
    row.score, row.grader, row.feedback = Decimal(71), instructor, "Well argued."
    row.status = "graded"
    row.save()
    row.status = "finalized"
    row.save()
    return row


@pytest.fixture
def essay(courses: dict[str, Course], instructor: User) -> GradingRubric:
    """A rubric of two criteria in a course that the instructor teaches."""
    course = courses["BIO101"]
    course.instructor = instructor
    course.save()
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    for position, (title, points) in enumerate((("Argument", 10), ("Sources", "4.50")), 1):
        criterion: Any = RubricCriterion.objects.create(
            rubric=rubric, position=position, title=title, max_points=points
        )
        for level, part in (("None", 0), ("Strong", points)):
            RubricLevel.objects.create(criterion=criterion, title=level, points=part)
    return rubric
