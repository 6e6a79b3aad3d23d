"""An assessment with a rubric, work of three students, and those who grade it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.assessments.desk.desk import Desk

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = (("s1001", "Ada", "Zeta"), ("s1002", "Bo", "Alpha"), ("s1003", "Cy", "Mu"))


@pytest.fixture
def course(courses: dict[str, Course], instructor: User) -> Course:
    """The instructor's own course."""
    Course.objects.filter(pk=courses["BIO101"].pk).update(instructor=instructor)
    courses["BIO101"].refresh_from_db()
    return courses["BIO101"]


@pytest.fixture
def assistant(course: Course, person: Callable[..., User]) -> User:
    """Somebody who assists in the course."""
    helper = person("instructor", "assistant")
    Enrollment.objects.create(course=course, student=helper, role="teaching_assistant")
    return helper


@pytest.fixture
def rubric(course: Course) -> GradingRubric:
    """Two criteria with two levels each: 60 and 30, 40 and 20."""
    made = GradingRubric.objects.create(course=course, title="Essay")
    for position, (title, points) in enumerate([("Argument", 60), ("Sources", 40)], 1):
        one = RubricCriterion.objects.create(
            rubric=made, position=position, title=title, max_points=points
        )
        RubricLevel.objects.create(criterion=one, title="Convincing", points=points)
        RubricLevel.objects.create(criterion=one, title="Thin", points=points // 2)
    return made


@pytest.fixture
def essay(course: Course, rubric: GradingRubric) -> Assessment:
    return Assessment.objects.create(
        course=course, code="TMA01", title="Essay", rubric=rubric, due_date=DUE, max_attempts=None
    )


@pytest.fixture
def works(essay: Assessment, student: Callable[..., User]) -> list[AssessmentSubmission]:
    """Three pieces of work, handed in one hour after the other."""
    rows = []
    for number, (student_id, first, last) in enumerate(NAMES):
        one = student(student_id, first_name=first, last_name=last)
        Enrollment.objects.create(course=essay.course, student=one)
        rows.append(
            AssessmentSubmission.objects.create(
                assessment=essay,
                student=one,
                text=f"The herring of {first} moved north.",
                submitted_at=DUE - timedelta(hours=9 - number),
            )
        )
    return rows


@pytest.fixture
def desk(essay: Assessment, works: list[AssessmentSubmission], instructor_client: Client) -> Desk:
    """The desk as its instructor has it."""
    return Desk(instructor_client, essay)


@pytest.fixture
def assistant_desk(essay: Assessment, works: Any, assistant: User) -> Desk:
    """The desk as an assistant of the course has it."""
    client = Client()
    client.force_login(assistant)
    return Desk(client, essay)


@pytest.fixture
def stranger_desk(essay: Assessment, works: Any, person: Callable[..., User]) -> Desk:
    """The desk as an instructor of another course would like to have it."""
    client = Client()
    client.force_login(person("instructor", "stranger"))
    return Desk(client, essay)
