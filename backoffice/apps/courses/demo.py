"""The courses of the demo school, who takes them, and how far they are."""

from datetime import date, timedelta

from backoffice.apps.courses.models import (
    Course,
    CourseModule,
    CourseProgress,
    CourseTag,
    CourseTagging,
    Lesson,
    LessonProgress,
)
from backoffice.apps.users.demo import STUDENTS, student_id_of
from backoffice.apps.users.models import Enrollment, User
from backoffice.operations.demo import demo_part, ensure

# code, presentation, title, instructor, start, tag, one of how many students takes it
COURSES = (
    ("BIO101", "2026J", "Introduction to marine biology", "instructor", "2026-09-07", "science", 1),
    ("BIO101", "2026B", "Introduction to marine biology", "instructor", "2026-02-02", "science", 4),
    ("HIS210", "2026J", "Trade and towns of the Baltic", "instructor", "2026-09-07", "history", 2),
    (
        "CS150",
        "2026J",
        "Programming for people in a hurry",
        "instructor2",
        "2026-09-14",
        "science",
        3,
    ),
    ("ART200", "2027B", "Drawing from nature", "instructor2", "2027-02-01", "arts", 5),
)
MODULES = ("Getting started", "The groundwork", "A case to work on")
LESSONS = ("What it is about", "Reading", "Exercise")


@demo_part("courses", order=2)
def courses() -> None:
    """Five courses with modules, lessons, tags and enrollments."""
    for row in COURSES:
        course = _course(*row[:6])
        _content(course)
        _roster(course, every=row[6])


def _course(
    code: str, presentation: str, title: str, instructor: str, start: str, tag: str
) -> Course:
    starts_on = date.fromisoformat(start)
    course = ensure(
        Course,
        {"code": code, "presentation": presentation},
        title=title,
        instructor=User.objects.filter(username=instructor).first(),
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=140),
        status=Course.Status.DRAFT if presentation.startswith("2027") else Course.Status.PUBLISHED,
        short_description="Twelve weeks, six hours a week, no previous knowledge needed.",
        enrollment_limit=60,
    )
    named = ensure(CourseTag, {"name": tag})
    ensure(CourseTagging, {"course": course, "tag": named})
    return course


def _content(course: Course) -> None:
    for number, title in enumerate(MODULES, 1):
        module = ensure(
            CourseModule, {"course": course, "position": number}, title=title, is_published=True
        )
        for place, name in enumerate(LESSONS, 1):
            ensure(
                Lesson,
                {"module": module, "position": place},
                title=name,
                content="Read the chapter, then answer the three questions at its end.",
                duration_minutes=45,
                is_published=True,
            )


def _roster(course: Course, every: int) -> None:
    for number in range(0, len(STUDENTS), every):
        student = User.objects.filter(student_id=student_id_of(number)).first()
        if student:
            _enroll(course, student, number)


def _enroll(course: Course, student: User, number: int) -> None:
    is_out = number % 9 == 8
    first = course.starts_on
    assert first
    enrollment = ensure(
        Enrollment,
        {"course": course, "student": student},
        enrolled_on=first - timedelta(days=number % 20),
        status=Enrollment.Status.WITHDRAWN if is_out else Enrollment.Status.ACTIVE,
        withdrawn_on=first + timedelta(days=30) if is_out else None,
        progress_percent=0 if is_out else number * 7 % 100,
    )
    if number % 8 == 0:
        lesson = Lesson.objects.filter(module__course=course).first()
        ensure(
            LessonProgress,
            {"enrollment": enrollment, "lesson": lesson},
            status=LessonProgress.Status.COMPLETED,
            percent=100,
            seconds_spent=2_400,
        )
        ensure(
            CourseProgress,
            {"enrollment": enrollment},
            lessons_completed=1,
            lessons_total=len(MODULES) * len(LESSONS),
            percent=11,
        )
