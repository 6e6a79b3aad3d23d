"""An assessment may lift its maximum by bonus points; the database allows exactly that much."""

from django.db import migrations, models

from backoffice.admin_site.models.rule_migration import RemoveRule
from backoffice.admin_site.models.triggers import RemoveTriggersBackwards


def _bonus_points() -> models.DecimalField:
    return models.DecimalField(
        db_default=0,
        decimal_places=2,
        default=0,
        help_text="By so much a score may exceed the maximum. 0 allows none.",
        max_digits=7,
        verbose_name="bonus points",
    )


class Migration(migrations.Migration):
    dependencies = [("assessments", "0007_posting_grades")]

    operations = [
        migrations.AddField("assessment", "bonus_points", _bonus_points()),
        migrations.AddField("historicalassessment", "bonus_points", _bonus_points()),
        migrations.AddConstraint(
            "assessment",
            models.CheckConstraint(
                condition=models.Q(("bonus_points__gte", 0)), name="assessment_bonus_not_negative"
            ),
        ),
        # A trigger keeps it from now on: it looks at the bonus, too.
        RemoveRule("assessmentsubmission", "submission_score_within"),
        RemoveTriggersBackwards(),
    ]
