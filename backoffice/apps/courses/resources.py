"""Files about courses."""

from collections.abc import Mapping
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from backoffice.apps.courses.models import Course
from backoffice.apps.courses.slugs import course_slug
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.resource import Derive, ImportKind, importable


def slug_of(cells: Mapping[str, str | None]) -> str:
    """The name of a course in addresses."""
    return course_slug(cells.get("course_code") or "", cells.get("presentation") or "")


@importable
class CourseResource(ImportKind):
    """Courses, one row for each presentation."""

    kind = "courses"
    label = _("courses")
    order = 2
    ignored = frozenset({"length_days"})
    derived: ClassVar[Mapping[str, Derive]] = {"slug": slug_of}

    course_code = Column("code", key=True, code=True, example="BIO101")
    presentation = Column("presentation", key=True, code=True, example="2026J")
    title = Column("title", example="Marine biology")
    starts_on = Column("starts_on", example="2026-10-01")
    ends_on = Column("ends_on", example="2027-06-26")
    status = Column("status", example="published")
    instructor = Column("instructor__username", example="m.garcia")
    enrollment_limit = Column("enrollment_limit", example="120")

    class Meta:
        model = Course
