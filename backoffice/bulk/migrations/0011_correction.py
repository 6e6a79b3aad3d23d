"""Cells of a refused file are corrected beside it, by people whose names stay."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulk", "0010_sheets_of_a_workbook"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="corrected_cells",
            field=models.PositiveIntegerField(default=0, verbose_name="cells corrected"),
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sheet", models.CharField(blank=True, max_length=100, verbose_name="sheet")),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                ("place", models.PositiveIntegerField(verbose_name="place in the row")),
                ("column", models.CharField(blank=True, max_length=300, verbose_name="column")),
                ("old", models.TextField(null=True, verbose_name="in the file")),
                ("new", models.TextField(blank=True, verbose_name="corrected")),
                ("maker_name", models.CharField(max_length=320, verbose_name="made by")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="bulk.batch",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "ordering": ["sheet", "line", "place", "pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "sheet", "line", "place"), name="bulk_correction_once"
                    )
                ],
            },
        ),
    ]
