"""Rubrics as files, and who brings them in; a course with a gradebook."""

from collections.abc import Callable
from typing import Any

import pytest

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch


@pytest.fixture
def taught(courses: dict[str, Course], instructor: User) -> Course:
    """The only one the instructor teaches."""
    Course.objects.filter(pk=courses["BIO101"].pk).update(instructor=instructor)
    return courses["BIO101"]


@pytest.fixture
def import_rubrics(import_file: Any, instructor: User) -> Callable[..., Batch]:
    """Brings rubrics in, as their instructor."""
    return lambda text, **options: import_file("rubrics", text, **{"actor": instructor} | options)


@pytest.fixture
def preview_rubrics(upload: Any, instructor: User) -> Callable[..., Batch]:
    """Uploads and previews rubrics, as their instructor."""
    return lambda text, **options: upload("rubrics", text, **{"actor": instructor} | options)


@pytest.fixture
def gradebook(courses: dict[str, Course], student: Any) -> Callable[..., None]:
    """BIO101 with two tests and three students; gives scores like `T1={"s1001": 51}`."""
    for number in (1, 2, 3):
        one = student(f"s100{number}", last_name="Li", first_name=f"No {number}")
        Enrollment.objects.create(student=one, course=courses["BIO101"])
    for code, title in (("T1", "T one"), ("T2", "T two")):
        Assessment.objects.create(course=courses["BIO101"], code=code, title=title, max_score=100)

    def set_scores(**scores: dict[str, float | None]) -> None:
        for code, by_student in scores.items():
            for name, score in by_student.items():
                values = {"score": score, "status": "submitted" if score is None else "graded"}
                AssessmentSubmission.objects.update_or_create(
                    assessment=Assessment.objects.get(code=code),
                    student=User.objects.get(student_id=name),
                    defaults=values,
                )

    return set_scores
