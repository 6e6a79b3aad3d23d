"""The assessments app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentsConfig(AppConfig):
    """Assessments, submissions, rubrics and peer reviews."""

    name = "backoffice.apps.assessments"
    verbose_name = _("Assessments")
