from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ChangeSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "actor_name",
                    models.CharField(blank=True, max_length=500, verbose_name="name then"),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("form", "form"),
                            ("action", "action on a list"),
                            ("import", "import"),
                            ("undo", "undo of an import"),
                            ("command", "command line"),
                            ("job", "background job"),
                            ("sql", "SQL"),
                            ("system", "system"),
                        ],
                        max_length=10,
                        verbose_name="through",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="request")),
                (
                    "address",
                    models.GenericIPAddressField(null=True, verbose_name="network address"),
                ),
                (
                    "batch",
                    models.BigIntegerField(db_index=True, null=True, verbose_name="import batch"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="when")),
            ],
            options={
                "verbose_name": "change set",
                "verbose_name_plural": "change sets",
                "ordering": ["-id"],
                "default_permissions": ("view", "export"),
            },
        ),
    ]
