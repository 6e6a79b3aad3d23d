"""Three admins and a superuser; two records of one person, and a course in which both are."""

from collections.abc import Callable
from typing import Any

import pytest

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User


@pytest.fixture
def cast(person: Any) -> dict[str, User]:
    """Three admins and a superuser."""
    names = {name: person("admin", name) for name in ("amina", "bea", "clara")}
    return names | {"sol": person("admin", "sol", is_superuser=True)}


@pytest.fixture
def ada(student: Callable[..., User]) -> User:
    """The record of Ada Lovelace that remains."""
    return student("S1001", first_name="Ada", last_name="Lovelace", email="ada@example.org")


@pytest.fixture
def twin(student: Callable[..., User]) -> User:
    """The other one."""
    fields = {"email": "a.lovelace@example.org", "graduation_year": 2027}
    return student("S2002", first_name="Ada", last_name="Lovelace", **fields)


@pytest.fixture
def bio(courses: dict[str, Course], instructor: User) -> Course:
    """Biology, with its instructor."""
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(instructor=instructor)
    course.refresh_from_db()
    return course


@pytest.fixture
def pair(student: Callable[..., User], bio: Course) -> tuple[User, User]:
    """Two records that both take Biology."""
    people = student("S1001"), student("S2002")
    for each in people:
        Enrollment.objects.create(student=each, course=bio)
    return people


@pytest.fixture
def paper(bio: Course) -> Assessment:
    """Something to hand in there."""
    return Assessment.objects.create(course=bio, code="TMA01", title="TMA01", status="published")


@pytest.fixture
def two(registrar: User, admin: User) -> tuple[User, User]:
    """Who asks, and who agrees."""
    return registrar, admin
