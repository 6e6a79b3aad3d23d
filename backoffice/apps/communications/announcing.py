"""Sending an announcement, and for whom it is."""

from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone

from backoffice.apps.communications.models import Announcement


def send(announcement: Announcement) -> int:
    """Publish the announcement from now on; returns the number of people it is for.

    Raises ValidationError where it would end before it begins.
    """
    announcement.publish_at = timezone.now()
    announcement.full_clean()
    announcement.save()
    return audience_of(announcement).count()


def audience_of(announcement: Announcement) -> models.QuerySet:
    """The people an announcement is for: of its course, or of the whole school."""
    people = get_user_model().objects.active()
    if announcement.course_id:
        enrolled = announcement.course.enrollments.active().values("student")
        # Whoever teaches a course is not enrolled in it.
        people = people.filter(
            models.Q(pk__in=enrolled) | models.Q(pk=announcement.course.instructor_id)
        )
    if announcement.audience == Announcement.Audience.STUDENTS:
        return people.students()
    if announcement.audience == Announcement.Audience.STAFF:
        return people.staff()
    return people
