"""Workbooks have several sheets: which are read, and on which one an issue is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulk", "0009_batch_folded"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="sheets",
            field=models.JSONField(default=dict, verbose_name="sheets"),
        ),
        migrations.AddField(
            model_name="batchissue",
            name="sheet",
            field=models.CharField(blank=True, default="", max_length=200, verbose_name="sheet"),
        ),
    ]
