"""Who is back, of whom a whole roster speaks, and which tables came along that nobody knows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0004_batch_allow_over_limit")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="returns",
            field=models.PositiveIntegerField(default=0, verbose_name="active again"),
        ),
        migrations.AddField(
            model_name="batch",
            name="roster_scope",
            field=models.TextField(blank=True, verbose_name="what is missing means"),
        ),
        migrations.AddField(
            model_name="batch",
            name="left_out",
            field=models.JSONField(default=list, verbose_name="unknown tables"),
        ),
    ]
