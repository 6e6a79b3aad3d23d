"""Unusual activity: grades that changed after they were final."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.anomalies import unusual

FINAL = AssessmentSubmission.Status.FINALIZED
MAX_EXAMINED = 2_000  # changes of final submissions, the newest


def reach(since: datetime) -> datetime | None:
    """When the oldest change that is examined happened; None where all of them are."""
    keys = _of_final_work(since).values_list("change_set", flat=True)[
        MAX_EXAMINED - 1 : MAX_EXAMINED + 1
    ]
    if len(keys) < 2:
        return None
    return ChangeSet.objects.filter(pk=keys[0]).values_list("created_at", flat=True).first()


@unusual(
    "raised_when_final",
    _("that raised a grade after it was final"),
    _("A score is higher than it was when the grade was made final."),
    reach,
)
def raised_when_final(since: datetime) -> models.QuerySet[Any]:
    return _change_sets(_after_final(since).filter(score__gt=F("final_score")), since)


@unusual(
    "final_without_reason",
    _("of a final grade, and nobody said why"),
    _("A final grade changed, which takes a reason, and none was given."),
    reach,
)
def final_without_reason(since: datetime) -> models.QuerySet[Any]:
    without_reason = Q(history_change_reason="") | Q(history_change_reason__isnull=True)
    rows = _after_final(since).filter(without_reason)
    return _change_sets(rows.exclude(score=F("final_score")), since)


def _after_final(since: datetime) -> models.QuerySet[Any]:
    """The newest changes of submissions that were final before, with the score they had then."""
    history = AssessmentSubmission.history.model._base_manager
    earlier = history.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"), status=FINAL)
    final = Subquery(earlier.order_by("-history_id").values("score")[:1])
    newest = _of_final_work(since).values("pk")[:MAX_EXAMINED]
    rows: models.QuerySet[Any] = history.filter(pk__in=newest).annotate(final_score=final)
    return rows.filter(final_score__isnull=False)


def _of_final_work(since: datetime) -> models.QuerySet[Any]:
    """The changes after which a submission was final, the newest first."""
    history = AssessmentSubmission.history.model._base_manager
    # The condition of `final_grade_changes_idx`, which holds such changes alone.
    rows: models.QuerySet[Any] = history.filter(status=FINAL, history_type="~")
    first = ChangeSet.objects.first_key(since)
    return rows.filter(change_set__gte=first).order_by("-change_set_id")


def _change_sets(rows: models.QuerySet[Any], since: datetime) -> models.QuerySet[Any]:
    keys = rows.order_by().values("change_set")
    return ChangeSet.objects.of_late(since).filter(pk__in=keys)
