"""The courses of the demo school, who takes them, and how far they are."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet

from backoffice.apps.courses.demo.content import add_lessons, fill, follow
from backoffice.apps.courses.models import Course, LessonProgress
from backoffice.apps.users.demo import STUDENTS, student_id_of
from backoffice.apps.users.models import Enrollment, SectionMembership, User
from backoffice.operations.demo import Scale, demo_part, ensure

BIOLOGY, BALTIC = "Introduction to marine biology", "Trade and towns of the Baltic"
HURRY, DRAWING = "Programming for people in a hurry", "Drawing from nature"
# code, presentation, title, instructor, start, tag, limit, one of how many students takes it
COURSES = (
    ("BIO101", "2026J", BIOLOGY, "instructor", "2026-09-07", "science", 60, 1),
    ("BIO101", "2026B", BIOLOGY, "instructor", "2026-02-02", "science", 60, 4),
    ("HIS210", "2026J", BALTIC, "instructor", "2026-09-07", "history", 60, 2),
    ("CS150", "2026J", HURRY, "instructor2", "2026-09-14", "science", 15, 3),
    ("ART200", "2027B", DRAWING, "instructor2", "2027-02-01", "arts", 24, 5),
)
IN_SECTIONS = 3  # of how many students of a course the section is known
ONE_FOLLOWED = 8  # one of how many students has progress, lesson by lesson


@demo_part("courses", order=2)
def courses(scale: Scale) -> None:
    """Five courses with lessons, tags, enrollments and progress, and as many more as wanted."""
    _five()
    if scale.courses:
        fill(scale)


def running_courses() -> QuerySet[Course]:
    """The courses of the small school that have begun and are not over."""
    codes = [row[0] for row in COURSES]
    return Course.objects.filter(presentation="2026J", code__in=codes).order_by("pk")


@transaction.atomic
def _five() -> None:
    for row in COURSES:
        course = _course(*row[:5], limit=row[6])
        add_lessons(course, tag=row[5])
        _roster(course, every=row[7])
        _sections(course)
        if not LessonProgress.objects.filter(enrollment__course=course).exists():
            active = course.enrollments.active().order_by("pk")
            follow(course, list(active[::ONE_FOLLOWED]))


def _course(
    code: str, presentation: str, title: str, instructor: str, start: str, *, limit: int
) -> Course:
    starts_on = date.fromisoformat(start)
    return ensure(
        Course,
        {"code": code, "presentation": presentation},
        title=title,
        instructor=User.objects.filter(username=instructor).first(),
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=140),
        status=Course.Status.DRAFT if presentation.startswith("2027") else Course.Status.PUBLISHED,
        short_description="Twelve weeks, six hours a week, no previous knowledge needed.",
        enrollment_limit=limit,
    )


def _roster(course: Course, every: int) -> None:
    for number in range(0, STUDENTS, every):
        student = User.objects.filter(student_id=student_id_of(number)).first()
        if student:
            _enroll(course, student, number)


def _sections(course: Course) -> None:
    """The sections of a few, as files of Canvas name them; the first of them moved."""
    for number, enrollment in enumerate(course.enrollments.order_by("pk")[:IN_SECTIONS]):
        values = {"status": enrollment.status, "enrolled_on": enrollment.enrolled_on}
        key = {"enrollment": enrollment, "system": SectionMembership.System.CANVAS}
        ensure(SectionMembership, key | {"section": f"{course.code}-A"}, **values)
        if number == 0:
            moved = {"status": Enrollment.Status.WITHDRAWN, "withdrawn_on": course.starts_on}
            ensure(SectionMembership, key | {"section": f"{course.code}-B"}, **values | moved)


def _enroll(course: Course, student: User, number: int) -> None:
    is_out = number % 9 == 8
    first = course.starts_on
    assert first
    ensure(
        Enrollment,
        {"course": course, "student": student},
        enrolled_on=first - timedelta(days=number % 20),
        status=Enrollment.Status.WITHDRAWN if is_out else Enrollment.Status.ACTIVE,
        withdrawn_on=first + timedelta(days=30) if is_out else None,
        progress_percent=0 if is_out else number * 7 % 100,
    )
