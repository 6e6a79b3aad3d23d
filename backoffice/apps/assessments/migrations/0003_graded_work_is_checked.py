"""The rule of the migration before holds of all rows, unless one breaks it."""

from django.db import migrations

from backoffice.admin_site.models.rule_migration import ValidateRule


class Migration(migrations.Migration):
    dependencies = [("assessments", "0002_graded_work_has_a_score")]

    operations = [ValidateRule("assessmentsubmission", "submission_graded_has_score")]
