"""A roster of three hundred against its key: who leaves, who returns, and who stays."""

import io
import random
from typing import Any

import pytest

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs.tasks import read_ready, resume
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.deliveries import deliver, files_of

STUDENTS = [f"s{number:04}" for number in range(300)]
STAFF = {f"t{number:04}": "teaching_assistant" for number in range(10)}
STAFF |= {f"o{number:04}": "observer" for number in range(5)}
COMPLETED, BACK, GONE = STUDENTS[:15], STUDENTS[15:24], STUDENTS[24:36]
KEY = (
    dict.fromkeys([*STUDENTS, *STAFF], "active")
    | dict.fromkeys(COMPLETED, "completed")
    | dict.fromkeys(GONE, "withdrawn")
)


@pytest.fixture
def school(courses: dict[str, Course]) -> Course:
    """BIO101 with all of them; 5 % have completed it, 3 % left, and 12 are about to."""
    course = courses["BIO101"]
    names = [*STUDENTS, *STAFF]
    people = [User(username=name, student_id=name, password="!", role="student") for name in names]
    for person in User.objects.bulk_create(people):
        name = str(person.student_id)
        status = "completed" if name in COMPLETED else "withdrawn" if name in BACK else "active"
        Enrollment.objects.create(
            student=person,
            course=course,
            role=STAFF.get(name, "student"),
            status=status,
            enrolled_on="2026-02-01",
            withdrawn_on="2026-03-01" if status == "withdrawn" else None,
        )
    return course


NATIVE = ("student_id,course_code,presentation", "{0},BIO101,2026J")
CANVAS = ("course_id,user_id,role,status", "BIO101-2026J,{0},student,{1}")
ONEROSTER = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role",
    "e-{0},,,BIO101-2026J,o,{0},student",
)
MOODLE = ("username,firstname,lastname,email,course1", "{0},,,,BIO101-2026J")


def parts_of(form: tuple[str, str], count: int) -> list[str]:
    names = [name for name in STUDENTS if name not in GONE]
    random.Random(count).shuffle(names)
    header, line = form
    return [
        "\n".join([header, *(line.format(name, status_of(name)) for name in names[number::count])])
        for number in range(count)
    ]


def status_of(name: str) -> str:
    return "completed" if name in COMPLETED else "active"


def bring(parts: list[str], actor: User, **options: Any) -> list[Batch]:
    uploads = [(io.BytesIO(text.encode()), f"{n}.csv") for n, text in enumerate(parts)]
    delivery = deliver(uploads, actor, mode="sync", **options)
    read_ready(delivery)
    while waiting := [b for b in files_of(delivery) if b.state == "previewed" and b.writes]:
        resume(apply(waiting[0], waiting[0].digest, actor))
    return [batch for batch in files_of(delivery) if batch.kind == "enrollments"]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("form", [NATIVE, CANVAS, ONEROSTER], ids=["native", "canvas", "oneroster"])
def test_the_outcome_is_that_of_the_key(registrar, school, form, count):
    batches = bring(parts_of(form, count), registrar)

    assert dict(Enrollment.objects.values_list("student__student_id", "status")) == KEY
    assert not Enrollment.objects.filter(status="active", withdrawn_on__isnull=False).exists()
    assert [batch.state for batch in batches] == ["applied"] * count
    assert sum(batch.returns for batch in batches) == sum(b.updated for b in batches) == len(BACK)
    assert [batch.withdrawn for batch in batches] == [*[0] * (count - 1), len(GONE)]


def test_moodle_s_users_with_courses_come_to_the_same(registrar, school, import_file):
    (text,) = parts_of(MOODLE, 1)
    batch = import_file("enrollments", text, mode="sync")

    assert dict(Enrollment.objects.values_list("student__student_id", "status")) == KEY
    assert (batch.returns, batch.withdrawn) == (len(BACK), len(GONE))
