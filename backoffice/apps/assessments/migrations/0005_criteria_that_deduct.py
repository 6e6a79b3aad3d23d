"""A criterion adds points or deducts them."""

from django.db import migrations, models


def _is_deduction() -> models.BooleanField:
    return models.BooleanField(
        default=False,
        help_text="Its points are taken off the score; they are the most it takes off.",
        verbose_name="deducts points",
    )


class Migration(migrations.Migration):
    dependencies = [("assessments", "0004_marks_and_scores")]

    operations = [
        migrations.AddField("historicalrubriccriterion", "is_deduction", _is_deduction()),
        migrations.AddField("rubriccriterion", "is_deduction", _is_deduction()),
    ]
