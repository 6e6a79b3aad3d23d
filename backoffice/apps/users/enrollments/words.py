"""What becomes of somebody in a course, in the order in which it ends."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EnrollmentStatus(models.TextChoices):
    """The outcome of an enrollment so far; a section that goes on comes before one that ended."""

    ACTIVE = "active", _("active")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    WITHDRAWN = "withdrawn", _("withdrawn")
