"""What the worker does for assessments by itself: grades are posted at their time."""

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.grading.posting_plan import post_at_its_time
from backoffice.apps.assessments.models import Assessment
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.jobs.periodic import periodic


@periodic
def post_due_grades() -> None:
    """Post what is ready of each assessment whose time has come."""
    now = timezone.now()
    for key in Assessment.objects.to_post(now).order_by("pk").values_list("pk", flat=True):
        reason = _("The time that was set for posting has come.")
        with recording(source=ChangeSet.Source.JOB, reason=reason):
            post_at_its_time(key, now)
