"""A larger demo school's students, brought in like a file, and its instructors."""

from collections.abc import Iterator

from django.db import transaction

from backoffice.apps.users.demo.names import person
from backoffice.apps.users.models import User
from backoffice.bulk.cli.load_rows import feed
from backoffice.operations.demo import Scale, ensure

FIRST_ID = 300_001
PREFIX = "s3"  # of every student ID of the crowd
HEADER = (
    *("student_id", "first_name", "last_name", "email", "graduation_year", "specialization"),
    *("language", "timezone"),
)
SPECIALIZATIONS = (
    *("Marine biology", "Economic history", "Computer science", "Fine arts", "Civil engineering"),
    *("Nursing", "Law", "Linguistics", "Mathematics", "Education", "Physics", "Philosophy"),
)
COURSES_OF_ONE = 4  # the runs of one course have one instructor
OF_THE_CAST = 4  # courses that the two instructors of the small school teach between them
FIRST_OF_MANY = 3  # instructor and instructor2 are in the small school


def student_id_of(number: int) -> str:
    """The ID of a student of the crowd, whose numbers count from 0."""
    return f"s{FIRST_ID + number}"


def instructor_of(number: int) -> str:
    """The username of who teaches the course with this number."""
    team = number // COURSES_OF_ONE
    if team < OF_THE_CAST:
        return "instructor2" if team % 2 else "instructor"
    return f"instructor{team - OF_THE_CAST + FIRST_OF_MANY}"


def importer() -> str:
    """The username of who imports the demo's files; blank where there is no registrar."""
    return "registrar" if User.objects.filter(username="registrar").exists() else ""


def crowd(scale: Scale) -> None:
    if scale.students:
        scale.log(f"{scale.students:,} students …")
        feed("users", HEADER, _students(scale.students), actor=importer(), reason="Demo data")
    _instructors(scale)


def _students(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        culture, first, last = person(number)
        student_id = student_id_of(number)
        subject = SPECIALIZATIONS[number % len(SPECIALIZATIONS)]
        year = 2026 + number % 4
        address = f"{student_id}@students.example.org"
        yield student_id, first, last, address, year, subject, culture.language, culture.timezone


@transaction.atomic
def _instructors(scale: Scale) -> None:
    for number in range(OF_THE_CAST * COURSES_OF_ONE, scale.courses, COURSES_OF_ONE):
        username = instructor_of(number)
        culture, first, last = person(-1 - number)
        ensure(
            User,
            {"username": username},
            role=User.Role.INSTRUCTOR,
            is_staff=True,
            first_name=first,
            last_name=last,
            email=f"{username}@example.org",
            language=culture.language,
            timezone=culture.timezone,
            password="!",
        )
