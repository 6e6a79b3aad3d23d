"""A course is published, archived, made a draft again, and given to an instructor."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.courses.models import Course


def publish(course: Course) -> None:
    """Open the course to the people enrolled.

    Raises ValidationError, naming what is missing, for a course nobody could take.
    """
    if missing := course.missing_in(Course.Status.PUBLISHED):
        names = ", ".join(str(Course._meta.get_field(name).verbose_name) for name in missing)
        message = _("%(course)s cannot be published yet. Missing: %(names)s.")
        raise ValidationError(message % {"course": course, "names": names}, code="incomplete")
    _become(course, Course.Status.PUBLISHED)


def archive(course: Course) -> None:
    _become(course, Course.Status.ARCHIVED)


def redraft(course: Course) -> None:
    _become(course, Course.Status.DRAFT)


def assign(course: Course, instructor: Any) -> None:
    """Give the course to an instructor. Raises ValidationError for a person of another role."""
    course.instructor = instructor
    course.full_clean()
    course.save()


def _become(course: Course, status: str) -> None:
    course.status = status
    course.full_clean()
    course.save()
