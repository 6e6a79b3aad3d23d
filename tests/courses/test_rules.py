"""What is never stored about courses and progress."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from backoffice.apps.courses.models import Course, CourseProgress, Lesson, LessonProgress
from backoffice.apps.users.models import User
from tests.refusing import Broken, assert_all_refused, assert_no_twins

CASES = (
    Broken(
        "course_dates_in_order", Course, lambda row: {"ends_on": row.starts_on - timedelta(days=1)}
    ),
    Broken(
        "course_instructor_role",
        Course,
        lambda row: {"instructor": User.objects.get(username="auditor")},
    ),
    Broken("lesson_progress_percent", LessonProgress, {"percent": 101}),
    Broken("lesson_progress_percent", LessonProgress, {"percent": -1}),
    Broken(
        "lesson_progress_in_order",
        LessonProgress,
        {"started_at": timezone.now(), "completed_at": timezone.now() - timedelta(days=1)},
    ),
    Broken("course_progress_percent", CourseProgress, {"percent": 101}),
    Broken("course_progress_percent", CourseProgress, {"percent": -1}),
    Broken(
        "course_progress_lessons",
        CourseProgress,
        lambda row: {"lessons_completed": row.lessons_total + 1},
    ),
)


def test_every_rule_refuses_with_its_sentence(demo: None, subtests: Any):
    assert_all_refused("courses", CASES, subtests, enforced_by_model={"lesson_video_of_the_web"})


def test_no_update_makes_a_script_of_a_film(demo: None):
    for address in ("javascript:alert(1)", "data:text/html,x"):
        Broken(
            "lesson_video_of_the_web", Lesson, {"video_url": address}
        ).assert_refused_by_database()


def test_there_are_no_twins(demo: None, subtests: Any):
    assert_no_twins("courses", subtests)


def test_progress_belongs_to_a_lesson_of_the_own_course(demo: None):
    row = LessonProgress.objects.select_related("enrollment").first()
    other = Lesson.objects.exclude(module__course=row.enrollment.course).first()
    row.lesson = other
    assert [(field, str(error.message)) for field, error in row.further_violations()] == [
        ("lesson", "This lesson belongs to another course than the enrollment.")
    ]
