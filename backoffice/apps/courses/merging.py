"""What becomes of progress and of courses taught when two records of one person are merged."""

from decimal import Decimal
from typing import Any

from backoffice.apps.courses.models import CourseProgress, LessonProgress
from backoffice.apps.users.merging.policies import Pair, declare, folds

Status = LessonProgress.Status
STATUSES = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.COMPLETED)
VALUES = ("status", "percent", "started_at", "completed_at")

declare("courses.course", "instructor", moves=True)


@folds("courses.lessonprogress", "enrollment")
def fold_lesson_progress(pair: Pair) -> LessonProgress:
    """What is further on; the time that was spent is added up."""
    own, other = pair.own, pair.other
    own.seconds_spent += other.seconds_spent
    if _lesson_order(other) > _lesson_order(own):
        for name in VALUES:
            setattr(own, name, getattr(other, name))
    return own


def _lesson_order(row: LessonProgress) -> tuple[int, Decimal]:
    return STATUSES.index(row.status), row.percent


@folds("courses.courseprogress", "enrollment")
def fold_course_progress(pair: Pair) -> CourseProgress:
    """What is further on; the time that was spent is added up."""
    own, other = pair.own, pair.other
    own.seconds_spent += other.seconds_spent
    if _course_order(other) > _course_order(own):
        for name in ("lessons_completed", "lessons_total", "percent"):
            setattr(own, name, getattr(other, name))
    return own


def _course_order(row: Any) -> tuple[Decimal, int]:
    return row.percent, row.lessons_completed
