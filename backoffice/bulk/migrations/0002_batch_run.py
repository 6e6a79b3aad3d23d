"""What changes while an import is worked on gets a row of its own, narrow and often written."""

import re

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = ("phase", "progress", "rows_read", "begun_at", "touched_at", "seconds")
_COPY = f"""
    INSERT INTO bulk_batchrun (batch_id, rows_expected, {", ".join(COLUMNS)})
    SELECT id, rows, {", ".join(COLUMNS)} FROM bulk_batch
"""
_COPY_BACK = f"""
    UPDATE bulk_batch SET {", ".join(f"{name} = r.{name}" for name in COLUMNS)}
    FROM bulk_batchrun r WHERE r.batch_id = bulk_batch.id
"""
PHASES = [
    ("reading", "Reading the rows"),
    ("comparing", "Comparing with what is stored"),
    ("turn", "Waiting until another import is done"),
    ("checking", "Making sure that nothing changed since the preview"),
    ("students", "Writing new students"),
    ("writing", "Writing the rows and their history"),
    ("returning", "Giving rows back what they had"),
    ("closing", "Finishing"),
]


def check_now(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """While the check of a foreign key is pending PostgreSQL does not change the table."""
    if editor.connection.vendor == "postgresql":
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def drop_plans(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Remove plans made before: their columns have other names now, and an apply plans anew."""
    connection = editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'backoffice_work'")
            names = [f"backoffice_work.{connection.ops.quote_name(row[0])}" for row in cursor]
        else:
            tables = connection.introspection.table_names(cursor)
            names = [name for name in tables if re.fullmatch(r"bulk_[a-z_]+_\d+", name)]
        for name in names:
            cursor.execute(f"DROP TABLE {name}")


class Migration(migrations.Migration):
    dependencies = [("bulk", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BatchRun",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="run",
                        serialize=False,
                        to="bulk.batch",
                        verbose_name="import",
                    ),
                ),
                (
                    "phase",
                    models.CharField(
                        blank=True, choices=PHASES, max_length=12, verbose_name="phase"
                    ),
                ),
                (
                    "progress",
                    models.PositiveSmallIntegerField(default=0, verbose_name="progress in percent"),
                ),
                (
                    "rows_read",
                    models.PositiveIntegerField(default=0, verbose_name="rows read so far"),
                ),
                (
                    "rows_expected",
                    models.PositiveIntegerField(default=0, verbose_name="rows there may be"),
                ),
                ("begun_at", models.DateTimeField(null=True, verbose_name="begun at")),
                (
                    "touched_at",
                    models.DateTimeField(auto_now=True, verbose_name="last sign of life"),
                ),
                ("seconds", models.FloatField(default=0, verbose_name="seconds of work")),
            ],
            options={
                "verbose_name": "work on an import",
                "verbose_name_plural": "work on imports",
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(_COPY, _COPY_BACK),
        migrations.RunPython(check_now, check_now),
        migrations.RunPython(drop_plans, drop_plans),
        *(migrations.RemoveField("batch", name) for name in COLUMNS),
        # The contract names the column; the code calls it what it is.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("batch", "kept_edits", "preserved_edits"),
                migrations.AlterField(
                    "batch",
                    "preserved_edits",
                    models.JSONField(
                        db_column="kept_edits", default=dict, verbose_name="local edits preserved"
                    ),
                ),
            ]
        ),
    ]
