"""What the demo school's courses consist of, and how far their people are."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Mod

from backoffice.apps.courses.demo import catalogue as numbers
from backoffice.apps.courses.demo.catalogue import CatalogueEntry, catalogue
from backoffice.apps.courses.models import (
    Course,
    CourseModule,
    CourseProgress,
    CourseTag,
    CourseTagging,
    Lesson,
    LessonProgress,
)
from backoffice.apps.users.demo.crowd import PREFIX, importer
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.record.bulk_create import create_all
from backoffice.audit.record.owner_role import owner_role
from backoffice.bulk.cli.load_rows import feed
from backoffice.operations.demo import Scale, ensure

WEEKS = (
    ("Getting started", ("Welcome", "How the course works", "What you know already")),
    ("The groundwork", ("Words and what they mean", "The classic text", "First exercise")),
    ("A case to work on", ("The case", "Sources", "Working in a group", "Second exercise")),
    ("Looking further", ("A guest from practice", "What is disputed", "Before the exam")),
)
KINDS = (Lesson.Kind.TEXT, Lesson.Kind.VIDEO, Lesson.Kind.FILE, Lesson.Kind.LIVE)
FOLLOWED = 200  # people of a course with progress, lesson by lesson


def fill(scale: Scale) -> None:
    """Import courses and enrollments; add content and progress to the tended courses."""
    actor = importer()
    if not actor or not User.objects.filter(student_id__startswith=PREFIX).exists():
        return
    attribution = {"actor": actor, "reason": "Demo data"}
    scale.log(f"{scale.courses:,} courses …")
    feed("courses", numbers.COURSES, numbers.rows_of_courses(scale), **attribution)
    scale.log(f"{scale.enrollments:,} enrollments …")
    feed("enrollments", numbers.ENROLLMENTS, numbers.rows_of_enrollments(scale), **attribution)
    with owner_role(), connection.cursor() as cursor:
        # What follows queries tables filled a moment ago, which have no statistics yet.
        cursor.execute("ANALYZE")
    scale.log(f"Lessons and progress of {scale.tended:,} courses …")
    for entry, course in tended(scale):
        if not course.modules.exists():
            _tend(entry, course)


def tended(scale: Scale) -> Iterator[tuple[CatalogueEntry, Course]]:
    """The courses of the catalogue that have more than a roster, as far as they exist."""
    entries = {(each.code, each.presentation): each for each in catalogue(scale.tended)}
    rows = Course.objects.filter(code__in={code for code, _presentation in entries})
    for course in rows.select_related("instructor").order_by("pk"):
        entry = entries.get((course.code, course.presentation))
        if entry:
            yield entry, course


@transaction.atomic
def _tend(entry: CatalogueEntry, course: Course) -> None:
    add_lessons(course, entry.tag)
    _set_progress(entry, course)


def add_lessons(course: Course, tag: str) -> None:
    """Modules, their lessons and a tag, where the course has no modules yet."""
    if course.modules.exists():
        return
    ensure(CourseTagging, {"course": course, "tag": ensure(CourseTag, {"name": tag})})
    modules = create_all(
        CourseModule(course=course, position=place, title=title, is_published=True)
        for place, (title, _lessons) in enumerate(WEEKS, 1)
    )
    create_all(_lessons(modules))


def _lessons(modules: list[CourseModule]) -> Iterator[Lesson]:
    for module, (_title, names) in zip(modules, WEEKS, strict=True):
        for place, name in enumerate(names, 1):
            kind = KINDS[(module.position + place) % len(KINDS)]
            yield Lesson(
                module=module,
                position=place,
                title=name,
                lesson_type=kind,
                content="Read or watch this first, and bring one question to the group.",
                duration_minutes=20 + 10 * place,
                is_published=True,
            )


def _set_progress(entry: CatalogueEntry, course: Course) -> None:
    rows = Enrollment.objects.filter(course=course)
    if entry.is_over:
        done = rows.filter(status=Enrollment.Status.COMPLETED)
        done.update(progress_percent=100, final_grade=Mod(F("student_id") * 37, 46) + 52)
        failed = rows.filter(status=Enrollment.Status.FAILED)
        failed.update(progress_percent=60, final_grade=Mod(F("student_id") * 37, 30) + 15)
    elif entry.presentation != numbers.NEXT_PRESENTATION:
        active = rows.filter(status=Enrollment.Status.ACTIVE)
        percent = Mod(F("student_id") * 37, 80) + 10
        active.update(progress_percent=percent, last_activity_at=_first_lesson(course))
        follow(course, list(active.order_by("pk")[:FOLLOWED]))


def _first_lesson(course: Course) -> datetime:
    assert course.starts_on
    return datetime.combine(course.starts_on, time(9), UTC)


def follow(course: Course, enrollments: list[Enrollment]) -> None:
    """Add progress, lesson by lesson; each person is one lesson further than the one before."""
    lessons = list(Lesson.objects.filter(module__course=course).order_by("module", "position"))
    begun = _first_lesson(course)
    progress = [(each, 1 + number % len(lessons)) for number, each in enumerate(enrollments)]
    create_all(
        CourseProgress(
            enrollment=enrollment,
            lessons_completed=done,
            lessons_total=len(lessons),
            percent=round(100 * done / len(lessons), 2),
            seconds_spent=done * 2_100,
        )
        for enrollment, done in progress
    )
    create_all(
        LessonProgress(
            enrollment=enrollment,
            lesson=lesson,
            status=LessonProgress.Status.COMPLETED,
            percent=100,
            seconds_spent=1_800,
            started_at=begun + timedelta(days=place),
            completed_at=begun + timedelta(days=place, hours=1),
        )
        for enrollment, done in progress
        for place, lesson in enumerate(lessons[: min(done, 3)])
    )
