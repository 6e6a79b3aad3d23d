"""The courses app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    """Courses, their content, and progress in them."""

    name = "backoffice.apps.courses"
    verbose_name = _("Courses")
