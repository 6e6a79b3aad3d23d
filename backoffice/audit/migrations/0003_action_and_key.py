"""Fields are called what they are; their columns, which other programs read, stay."""

from uuid import uuid4

from django.db import migrations, models

ONCE = {
    "name": "approval_asked_once",
    "condition": models.Q(("state", "waiting")),
    "violation_error_message": "This was asked for already and waits for a decision.",
}
SUBJECT = ("subject_label", "subject_id", "requested_by")


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("approval", "approval_asked_once"),
                migrations.RenameField("approval", "deed", "action"),
                migrations.AlterField(
                    "approval",
                    "action",
                    models.CharField(db_column="deed", max_length=40, verbose_name="action"),
                ),
                migrations.AddConstraint(
                    "approval", models.UniqueConstraint(fields=("action", *SUBJECT), **ONCE)
                ),
                migrations.RenameField("changeset", "deed", "key"),
                migrations.AlterField(
                    "changeset",
                    "key",
                    models.UUIDField(
                        db_column="deed",
                        default=uuid4,
                        editable=False,
                        unique=True,
                        verbose_name="key of the action",
                    ),
                ),
            ]
        ),
    ]
