from uuid import uuid4

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def give_keys(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Every change set gets a key of its own; by one statement where the database can make keys."""
    model = apps.get_model("audit", "ChangeSet")
    if editor.connection.vendor == "postgresql":
        editor.execute("UPDATE audit_changeset SET deed = gen_random_uuid()")
        return
    for row in model.objects.iterator():
        row.deed = uuid4()
        row.save(update_fields=["deed"])


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_action_by_its_name")]
    operations = [
        migrations.AddField("changeset", "deed", models.UUIDField(editable=False, null=True)),
        migrations.RunPython(give_keys, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            "changeset", "deed", models.UUIDField(default=uuid4, editable=False, unique=True)
        ),
    ]
