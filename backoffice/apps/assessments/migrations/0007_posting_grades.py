"""Grades are posted; work that was final before gets the moment of its grade."""

from typing import Any

from django.db import migrations, models, transaction
from django.db.models import F, Max
from django.db.models.functions import Coalesce, Now

from backoffice.admin_site.models.rule_migration import AddIndexOpenly
from backoffice.admin_site.models.trigger_rules import LenientRowRule
from backoffice.admin_site.models.triggers import RemoveTriggersBackwards

BATCH = 5_000  # keys for a transaction
REASON = "The upgrade: work that was final counts as posted at the moment of its grade."


def post_final_work(apps: Any, _schema_editor: Any) -> None:
    """Say when final work was posted; stopped halfway, it goes on where it stopped."""
    rows = apps.get_model("assessments", "AssessmentSubmission")._base_manager
    last = rows.aggregate(last=Max("pk"))["last"] or 0
    posted = sum(_post(apps, rows, start) for start in range(0, last + 1, BATCH))
    if posted:
        print(
            f"\n  assessments_submission, final: {posted} counts as posted at the moment of its "
            "grade. Nothing else was changed."
        )


def _post(apps: Any, rows: Any, start: int) -> int:
    with transaction.atomic():
        final = rows.filter(
            **{"pk__gt": start, "pk__lte": start + BATCH, "status": "finalized"},
            score__isnull=False,
            posted_at__isnull=True,
        )
        keys = list(final.order_by("pk").select_for_update().values_list("pk", flat=True))
        if keys:
            moment = Coalesce(F("graded_at"), F("submitted_at"), Now())
            rows.filter(pk__in=keys).update(posted_at=moment)
            _record(apps, rows.filter(pk__in=keys))
    return len(keys)


def _record(apps: Any, changed: Any) -> None:
    # The triggers of the record do not know the new column before the migrations are over.
    history = apps.get_model("assessments", "HistoricalAssessmentSubmission")
    change_set = apps.get_model("audit", "ChangeSet").objects.create(source="system", reason=REASON)
    names = {field.attname for field in history._meta.concrete_fields}
    copied = [f.attname for f in changed.model._meta.concrete_fields if f.attname in names]
    history._base_manager.bulk_create(
        [
            history(
                history_date=change_set.created_at,
                history_type="~",
                history_change_reason=REASON,
                change_set_id=change_set.pk,
                **values,
            )
            for values in changed.order_by("pk").values(*copied)
        ]
    )


def _posted_at() -> models.DateTimeField:
    return models.DateTimeField(blank=True, editable=False, null=True, verbose_name="posted")


def _post_at() -> models.DateTimeField:
    return models.DateTimeField(
        blank=True, editable=False, null=True, verbose_name="grades are posted"
    )


def _posting_done_at() -> models.DateTimeField:
    return models.DateTimeField(
        blank=True, editable=False, null=True, verbose_name="grades posted by the time"
    )


class Migration(migrations.Migration):
    # In batches of their own transactions, beside those who write.
    atomic = False

    dependencies = [
        ("assessments", "0006_the_grading_desk"),
        ("audit", "0005_credentials_set_by_others"),
    ]

    operations = [
        migrations.AddField("assessmentsubmission", "posted_at", _posted_at()),
        migrations.AddField("historicalassessmentsubmission", "posted_at", _posted_at()),
        migrations.AddField("assessment", "post_at", _post_at()),
        migrations.AddField("historicalassessment", "post_at", _post_at()),
        migrations.AddField("assessment", "posting_done_at", _posting_done_at()),
        migrations.AddField("historicalassessment", "posting_done_at", _posting_done_at()),
        migrations.RunPython(post_final_work, migrations.RunPython.noop),
        AddIndexOpenly(
            model_name="assessmentsubmission",
            index=models.Index(fields=["posted_at", "id"], name="submission_posted_idx"),
        ),
        migrations.AddConstraint(
            model_name="assessmentsubmission",
            constraint=LenientRowRule(
                condition=models.Q(
                    ("posted_at__isnull", True), ("score__isnull", False), _connector="OR"
                ),
                name="submission_posted_has_score",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessmentsubmission",
            constraint=LenientRowRule(
                condition=models.Q(
                    models.Q(("status", "finalized"), _negated=True),
                    ("score__isnull", True),
                    ("posted_at__isnull", False),
                    _connector="OR",
                ),
                name="submission_final_is_posted",
            ),
        ),
        # The last, so that it is the first on the way back.
        RemoveTriggersBackwards(),
    ]
