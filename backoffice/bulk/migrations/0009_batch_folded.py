"""Several rows of a file may be one row here."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0008_assessment_mapping")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="folded",
            field=models.PositiveIntegerField(default=0, verbose_name="folded"),
        ),
        migrations.AddField(
            model_name="batch",
            name="sections",
            field=models.PositiveIntegerField(default=0, verbose_name="sections"),
        ),
    ]
