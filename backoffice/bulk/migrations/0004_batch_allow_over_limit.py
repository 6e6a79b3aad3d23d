"""A file may bring people into a full course, for a reason."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0003_header_mapping_labels")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="allow_over_limit",
            field=models.BooleanField(default=False, verbose_name="allow over the limit"),
        ),
    ]
