"""Where a workbook has several sheets, a written row notes its sheet, and a correction has room."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulk", "0011_correction"),
    ]

    operations = [
        migrations.AlterField(
            model_name="correction",
            name="sheet",
            field=models.CharField(blank=True, max_length=200, verbose_name="sheet"),
        ),
        migrations.CreateModel(
            name="SheetOfRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("row_key", models.BigIntegerField(verbose_name="key of the row")),
                ("place", models.PositiveSmallIntegerField(verbose_name="place of the sheet")),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="row_sheets",
                        to="bulk.batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "sheet of a row",
                "verbose_name_plural": "sheets of rows",
                "ordering": ["pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["batch", "kind", "row_key"], name="bulk_sheet_of_row_idx")
                ],
            },
        ),
    ]
