"""What the page calls header mappings is called so everywhere."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bulk", "0002_batch_run")]

    operations = [
        migrations.AlterModelOptions(
            name="headermapping",
            options={
                "default_permissions": (
                    *("add", "change", "delete", "view"),
                    *("import", "export", "history", "revert"),
                ),
                "ordering": ["kind", "name"],
                "verbose_name": "header mapping",
                "verbose_name_plural": "header mappings",
            },
        ),
        migrations.AlterModelOptions(
            name="historicalheadermapping",
            options={
                "default_permissions": (),
                "get_latest_by": ("history_date", "history_id"),
                "ordering": ("-history_date", "-history_id"),
                "verbose_name": "historical header mapping",
                "verbose_name_plural": "historical header mappings",
            },
        ),
    ]
