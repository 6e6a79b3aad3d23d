"""Grades that changed after they were final."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.models import ChangeSet
from backoffice.audit.unusual import unusual

FINAL = AssessmentSubmission.Status.FINALIZED
LOOKED = 2_000  # the newest changes of submissions, of which the final ones are looked into


@unusual(
    "raised_when_final",
    _("that raised a grade after it was final"),
    _("A score is higher than it was when the grade was made final."),
)
def raised_when_final(since: datetime) -> models.QuerySet[Any]:
    """A score above the one that was final before."""
    return _of(_after_final(since).filter(score__gt=F("final_score")))


@unusual(
    "final_without_reason",
    _("of a final grade, and nobody said why"),
    _("A final grade changed, which takes a reason, and none was given."),
)
def final_without_reason(since: datetime) -> models.QuerySet[Any]:
    """A score, or what else makes a grade, that changed without a reason."""
    unsaid = Q(history_change_reason="") | Q(history_change_reason__isnull=True)
    return _of(_after_final(since).filter(unsaid).exclude(score=F("final_score")))


def _after_final(since: datetime) -> models.QuerySet[Any]:
    """The newest changes of submissions that were final before, with the score they had then."""
    history = AssessmentSubmission.history.model._base_manager
    newest = history.filter(change_set__created_at__gte=since).order_by("-change_set_id")
    earlier = history.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"), status=FINAL)
    final = Subquery(earlier.order_by("-history_id").values("score")[:1])
    rows = history.filter(pk__in=newest.values("pk")[:LOOKED], history_type="~", status=FINAL)
    return rows.annotate(final_score=final).filter(final_score__isnull=False)


def _of(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    return ChangeSet.objects.filter(pk__in=rows.order_by().values("change_set"))
