"""A change set belongs to the transaction that made it; demo data and runs of commands are named.

Rows from before have no transaction: nothing more can be said of them.
"""

from django.db import migrations, models

NOTED = ("changeset", "erasure", "removal")
STAMPED = ("audit_changeset", "audit_erasure", "audit_removal", "audit_accessrecord")
SOURCES = [
    ("form", "form"),
    ("action", "action"),
    ("import", "import"),
    ("undo", "undo of an import"),
    ("command", "command line"),
    ("job", "background job"),
    ("sql", "SQL"),
    ("system", "system"),
    ("demo", "demo data"),
]
KINDS = [
    ("view", "looked at"),
    ("list", "looked at a list"),
    ("search", "searched"),
    ("export", "exported"),
    ("refused", "refused"),
    ("login", "logged in"),
    ("logout", "logged out"),
    ("failed", "failed to log in"),
    ("command", "ran a command"),
]


def _field(model: str, **default: int) -> models.Field:
    named = {"verbose_name": "transaction"} if model == "changeset" else {}
    return models.BigIntegerField(editable=False, null=True, **named, **default)


def remove_triggers(apps, schema_editor):
    """On the way back: the triggers fill a column that goes. They come with every migrate."""
    if schema_editor.connection.vendor == "postgresql":
        for table in STAMPED:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS record_stamp ON {table}")
        schema_editor.execute("DROP TRIGGER IF EXISTS record_demo ON audit_changeset")


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_action_and_key")]

    operations = [
        # First without its default, which would be written into every row there is.
        *(migrations.AddField(model, "transaction_id", _field(model)) for model in NOTED),
        *(
            migrations.AlterField(model, "transaction_id", _field(model, default=0))
            for model in NOTED
        ),
        migrations.RunPython(migrations.RunPython.noop, remove_triggers),
        migrations.AlterField(
            "changeset",
            "source",
            models.CharField(choices=SOURCES, max_length=10, verbose_name="through"),
        ),
        migrations.AlterField(
            "accessrecord",
            "kind",
            models.CharField(choices=KINDS, max_length=10, verbose_name="what was done"),
        ),
        migrations.AddIndex(
            "accessrecord",
            models.Index(
                condition=models.Q(("kind", "login")),
                fields=["actor", "created_at"],
                name="access_login_idx",
            ),
        ),
    ]
