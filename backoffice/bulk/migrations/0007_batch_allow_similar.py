"""A file may create people who are similar to known ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0006_value_mapping")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="allow_similar",
            field=models.BooleanField(default=False, verbose_name="allow similar people"),
        ),
    ]
