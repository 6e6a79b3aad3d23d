"""The form of a course says that 0 is no limit; the tables stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0003_courses_over_their_limit"),
    ]

    operations = [
        migrations.AlterField(
            model_name="course",
            name="enrollment_limit",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Blank or 0 means without limit.",
                null=True,
                verbose_name="enrollment limit",
            ),
        ),
        migrations.AlterField(
            model_name="historicalcourse",
            name="enrollment_limit",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Blank or 0 means without limit.",
                null=True,
                verbose_name="enrollment limit",
            ),
        ),
    ]
