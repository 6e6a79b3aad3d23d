"""An announcement is planned, sent and taken back; and for whom it is."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.communications.models import Announcement


def send(announcement: Announcement) -> int:
    """Publish the announcement from now on; returns the number of people it is for.

    Raises ValidationError where it would end before it begins.
    """
    announcement.publish_at = timezone.now()
    announcement.full_clean()
    announcement.save()
    return audience_of(announcement).count()


def plan(announcement: Announcement, at: datetime) -> None:
    """Let the announcement stand from a time to come. Raises ValidationError for one that is over.

    Raises ValidationError too where it would end before it begins.
    """
    if at <= timezone.now():
        message = _("This time is over. Choose “Send now”, or a later time.")
        raise ValidationError({"publish_at": message}, code="past")
    announcement.publish_at = at
    announcement.full_clean()
    announcement.save()


def take_back(announcement: Announcement) -> None:
    """Make it a draft again: nobody sees it any more."""
    announcement.publish_at = None
    announcement.full_clean()
    announcement.save()


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
