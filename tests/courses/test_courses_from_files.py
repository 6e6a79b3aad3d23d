"""A file may publish a course that nobody teaches; it is pointed out, and so is no other."""

import pytest

from backoffice.apps.courses.models import Course
from backoffice.bulk.models import Batch

HEADER = "course_code,presentation,title,status,instructor\n"
MESSAGE = "Line 2: instructor: The course is published, but nobody teaches it."


def warnings_of(batch: Batch) -> list[tuple[int, str, str, bool]]:
    return list(batch.issues.order_by("pk").values_list("line", "column", "code", "is_warning"))


def test_a_published_course_without_an_instructor_goes_in_and_is_pointed_out(import_file):
    text = f"{HEADER}BIO101,2026J,Biology,published,\nART200,2026B,Art,draft,\n"
    batch = import_file("courses", text)
    assert (batch.created, batch.warnings, batch.rejected) == (2, 1, 0)
    assert warnings_of(batch) == [(2, "instructor", "instructor_missing", True)]
    assert batch.issues.get().message == MESSAGE
    assert Course.objects.get(code="BIO101").status == "published"


def test_with_an_instructor_nothing_is_pointed_out(import_file, instructor):
    text = f"{HEADER}BIO101,2026J,Biology,published,{instructor.username}\n"
    assert import_file("courses", text).warnings == 0


@pytest.mark.parametrize(
    ("stored", "row", "warnings"),
    [
        ({"status": "draft"}, "BIO101,2026J,Biology,published,", 1),
        ({"status": "published"}, "BIO101,2026J,Cells,,", 1),
        ({"status": "published"}, "BIO101,2026J,Cells,archived,", 0),
    ],
    ids=["is published", "stays published", "is archived"],
)
def test_a_stored_course_is_looked_at_as_it_stands_afterwards(
    upload, courses, stored, row, warnings
):
    Course.objects.filter(code="BIO101").update(**stored)
    assert upload("courses", f"{HEADER}{row}\n").warnings == warnings


def test_a_blank_cell_that_takes_the_instructor_away_is_pointed_out(upload, courses, instructor):
    Course.objects.filter(code="BIO101").update(status="published", instructor=instructor)
    batch = upload("courses", f"{HEADER}BIO101,2026J,Biology,published,\n")
    assert (batch.updated, batch.warnings) == (1, 1)
    assert warnings_of(batch) == [(2, "instructor", "instructor_missing", True)]
