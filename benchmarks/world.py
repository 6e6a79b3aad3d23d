"""The world of the benchmarks: students and courses in the database, and files of enrollments."""

import csv
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, transaction

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User

STUDENTS_PER_COURSE = 5_000
CHUNK = 5_000


def build(enrollments: int) -> None:
    """Empty the tables, then add the students and courses that so many enrollments need."""
    clear()
    courses = -(-enrollments // STUDENTS_PER_COURSE)
    Course.objects.bulk_create(
        Course(
            code=f"B{number:03}",
            presentation="2026J",
            title=f"Benchmark {number}",
            slug=f"b{number}",
        )
        for number in range(courses)
    )
    people = (
        User(username=_student(number), student_id=_student(number), password="!", role="student")
        for number in range(STUDENTS_PER_COURSE)
    )
    User.objects.bulk_create(people, batch_size=CHUNK)
    analyze()


def analyze() -> None:
    """Let the database look at its tables, as it does by itself sooner or later."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def clear() -> None:
    """Empty the tables of people, courses and enrollments, and their histories."""
    models = (Enrollment, Course, User)
    empty(*(name for m in models for name in (m._meta.db_table, m.history.model._meta.db_table)))


def empty(*tables: str) -> None:
    """Empty these tables and what hangs on them; the record as well, as a flush does."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('backoffice.flush', 'on', true)")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


def forget_enrollments() -> None:
    """Empty the enrollments and their history, so that the next run finds the same world."""
    empty(Enrollment._meta.db_table, Enrollment.history.model._meta.db_table)


def write_file(path: Path, enrollments: int, *, one_percent_passed: bool = False) -> None:
    """A file of so many enrollments; in the later file of a term one in a hundred has passed."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        writer.writerows(_rows(enrollments, one_percent_passed))


HEADER = (
    "student_id",
    "course_code",
    "presentation",
    "role",
    "status",
    "enrolled_on",
    "withdrawn_on",
    "final_result",
)


def _rows(enrollments: int, one_percent_passed: bool) -> Iterator[tuple[str, ...]]:
    for number in range(enrollments):
        course, student = divmod(number, STUDENTS_PER_COURSE)
        is_out = number % 5 == 0
        day = f"2026-09-{1 + number % 28:02}"
        result = "Pass" if one_percent_passed and number % 100 == 1 else ""
        ending = ("active", day, "", result)
        if is_out:
            ending = ("withdrawn", day, "2026-11-02", "Withdrawn")
        yield (_student(student), f"B{course:03}", "2026J", "student", *ending)


def _student(number: int) -> str:
    return f"b{number:07}"
