"""A criterion adds points or deducts them."""

from django.db import migrations, models


def _is_deduction() -> models.BooleanField:
    return models.BooleanField(
        default=False,
        help_text="Its points are taken off the score; they are the most it takes off.",
        verbose_name="deducts points",
    )


class Migration(migrations.Migration):
    dependencies = [("assessments", "0003_graded_work_is_checked")]

    operations = [
        migrations.AddField("historicalrubriccriterion", "is_deduction", _is_deduction()),
        migrations.AddField("rubriccriterion", "is_deduction", _is_deduction()),
    ]
