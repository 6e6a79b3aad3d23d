"""A rubric of a course, which tests copy, change and mark by."""

from typing import Any

import pytest

from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User


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
