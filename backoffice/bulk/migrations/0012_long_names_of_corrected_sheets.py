"""A sheet's name has as much room in a correction as in an issue."""

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
    ]
