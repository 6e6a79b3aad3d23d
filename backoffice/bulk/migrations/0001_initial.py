"""The batches of files, and where an import keeps its tables on PostgreSQL.

The triggers that write history read an import's plan with their owner's rights. So nobody else may
own one: on a table of its own the application could put a policy or an index that runs its code as
the owner. Two functions make and drop such tables, of plain columns, and nothing else.
"""

from typing import Any

import backoffice.admin_site.models.private_files
import backoffice.bulk.models
import backoffice.bulk.kinds.header_names
import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

NAME = "^bulk_[a-z_]+_[0-9]+$"
TYPES = ("boolean", "integer", "bigint", "numeric", "text", "date", "timestamptz")
MADE = f"""
CREATE OR REPLACE FUNCTION backoffice_work.make_table(name text, columns text[], types text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    defined text;
BEGIN
    IF name !~ '{NAME}' OR NOT types <@ ARRAY['{"', '".join(TYPES)}'] THEN
        RAISE EXCEPTION '% is no table of an import', name;
    END IF;
    SELECT string_agg(format('%I %s', c.name, c.kind), ', ' ORDER BY c.place) INTO defined
        FROM ROWS FROM (unnest(columns), unnest(types)) WITH ORDINALITY AS c(name, kind, place);
    EXECUTE format('CREATE UNLOGGED TABLE backoffice_work.%I (%s)', name, defined);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON backoffice_work.%I TO %I',
        name, session_user);
END $body$
"""
DROPPED = f"""
CREATE OR REPLACE FUNCTION backoffice_work.drop_tables(names text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY names LOOP
        IF name !~ '{NAME}' THEN
            RAISE EXCEPTION '% is no table of an import', name;
        END IF;
        IF to_regclass(format('backoffice_work.%I', name)) IS NOT NULL THEN
            EXECUTE format('DROP TABLE backoffice_work.%I', name);
        END IF;
    END LOOP;
END $body$
"""


def make(_apps: Any, editor: Any) -> None:
    """On PostgreSQL alone; SQLite has one role and one schema."""
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('backoffice_work')")
        # A superuser may have made it for an owner who may not.
        if cursor.fetchone()[0] is None:
            cursor.execute("CREATE SCHEMA backoffice_work")
        for sql in (MADE, DROPPED):
            cursor.execute(sql)


def unmake(_apps: Any, editor: Any) -> None:
    """Remove the place with what is in it."""
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP SCHEMA backoffice_work CASCADE")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0002_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(make, unmake),
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True)),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("seen_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "worker",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255, verbose_name="files")),
                ("uploader_name", models.CharField(max_length=320, verbose_name="uploaded by")),
                (
                    "uploaded_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="uploaded at"),
                ),
                ("left_out", models.JSONField(default=list, verbose_name="left out")),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("upsert", "Add new rows and update known ones"),
                            ("create", "Add new rows only; a known row is an error"),
                            ("update", "Update known rows only; an unknown row is an error"),
                            ("sync", "Add, update, and withdraw who is missing from the file"),
                        ],
                        default="upsert",
                        max_length=10,
                        verbose_name="mode",
                    ),
                ),
                (
                    "on_error",
                    models.CharField(
                        choices=[
                            ("abort", "Refuse the whole file if a row is wrong"),
                            ("skip", "Take the good rows, give the wrong ones back"),
                        ],
                        default="abort",
                        max_length=10,
                        verbose_name="wrong rows",
                    ),
                ),
                (
                    "create_students",
                    models.BooleanField(default=False, verbose_name="create students"),
                ),
                (
                    "ignore_unknown_columns",
                    models.BooleanField(default=False, verbose_name="ignore unknown columns"),
                ),
                ("encoding", models.CharField(blank=True, max_length=40, verbose_name="encoding")),
                (
                    "max_withdrawn",
                    models.FloatField(
                        default=backoffice.bulk.models.most_withdrawn,
                        help_text="In percent of the stored rows of a course, 0 to 100.",
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="withdrawals without a second person",
                    ),
                ),
                (
                    "max_changed",
                    models.FloatField(
                        default=backoffice.bulk.models.most_changed,
                        help_text="In percent of the stored rows of a course, 0 to 100.",
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="changes without a second person",
                    ),
                ),
                (
                    "dialect",
                    models.CharField(
                        choices=[
                            ("auto", "Recognised by its header"),
                            ("native", "The columns of this page"),
                            ("canvas", "Canvas"),
                            ("moodle", "Moodle"),
                            ("oneroster", "OneRoster"),
                            ("edx", "Open edX"),
                        ],
                        default="auto",
                        max_length=10,
                        verbose_name="format",
                    ),
                ),
                ("read_as", models.CharField(blank=True, max_length=60, verbose_name="read as")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Uploaded"),
                            ("queued", "Waiting to be read"),
                            ("reading", "Being read"),
                            ("previewed", "Waiting for your decision"),
                            ("held", "Waiting for a second person"),
                            ("refused", "Refused"),
                            ("ordered", "Waiting to be applied"),
                            ("applying", "Being applied"),
                            ("applied", "Applied"),
                            ("failed", "Failed"),
                            ("discarded", "Discarded"),
                        ],
                        db_index=True,
                        default="received",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("sentence", models.TextField(blank=True, verbose_name="in one sentence")),
                ("uploader_name", models.CharField(max_length=320, verbose_name="uploaded by")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "file",
                    models.FileField(
                        max_length=200,
                        storage=backoffice.admin_site.models.private_files.private_storage,
                        upload_to=backoffice.bulk.models.stored_name,
                    ),
                ),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("file_size", models.BigIntegerField(default=0, verbose_name="size in bytes")),
                ("file_hash", models.CharField(max_length=64, verbose_name="SHA-256 of the file")),
                ("header", models.JSONField(default=list, verbose_name="header")),
                ("delimiter", models.CharField(default=",", max_length=1)),
                (
                    "own_headers",
                    models.JSONField(default=dict, verbose_name="the school's own headers"),
                ),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("created", models.PositiveIntegerField(default=0, verbose_name="created")),
                ("updated", models.PositiveIntegerField(default=0, verbose_name="updated")),
                ("unchanged", models.PositiveIntegerField(default=0, verbose_name="unchanged")),
                ("withdrawn", models.PositiveIntegerField(default=0, verbose_name="withdrawn")),
                ("rejected", models.PositiveIntegerField(default=0, verbose_name="rejected")),
                ("duplicates", models.PositiveIntegerField(default=0, verbose_name="duplicates")),
                (
                    "approver_name",
                    models.CharField(blank=True, max_length=320, verbose_name="approved by"),
                ),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved at")),
                ("approved_digest", models.CharField(blank=True, max_length=64)),
                ("kept_edits", models.JSONField(default=dict, verbose_name="local edits kept")),
                ("released", models.JSONField(default=list, verbose_name="columns released")),
                ("removed", models.PositiveIntegerField(default=0, verbose_name="removed")),
                (
                    "created_students",
                    models.PositiveIntegerField(default=0, verbose_name="created students"),
                ),
                ("errors", models.PositiveIntegerField(default=0, verbose_name="errors")),
                ("warnings", models.PositiveIntegerField(default=0, verbose_name="warnings")),
                (
                    "digest",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="digest of the outcome"
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
                    "phase",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reading", "Reading the rows"),
                            ("comparing", "Comparing with what is stored"),
                            ("turn", "Waiting until another import is done"),
                            ("checking", "Making sure that nothing changed since the preview"),
                            ("students", "Writing new students"),
                            ("writing", "Writing the rows and their history"),
                            ("returning", "Giving rows back what they had"),
                            ("closing", "Finishing"),
                        ],
                        max_length=12,
                        verbose_name="phase",
                    ),
                ),
                ("begun_at", models.DateTimeField(null=True, verbose_name="begun at")),
                ("seconds", models.FloatField(default=0, verbose_name="seconds of work")),
                (
                    "uploaded_at",
                    models.DateTimeField(
                        auto_now_add=True, db_index=True, verbose_name="uploaded at"
                    ),
                ),
                (
                    "touched_at",
                    models.DateTimeField(auto_now=True, verbose_name="last sign of life"),
                ),
                ("applied_at", models.DateTimeField(null=True, verbose_name="applied at")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("is_skipped", models.BooleanField(default=False, verbose_name="skipped")),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "change_set",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="audit.changeset",
                    ),
                ),
                (
                    "undoes",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undos",
                        to="bulk.batch",
                        verbose_name="undoes",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="bulk.delivery",
                        verbose_name="delivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "ordering": ["-pk"],
                "default_permissions": ("view", "add", "approve"),
            },
        ),
        migrations.CreateModel(
            name="HeaderMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=backoffice.bulk.kinds.header_names.kind_choices,
                        max_length=40,
                        verbose_name="kind",
                    ),
                ),
                (
                    "header",
                    models.CharField(
                        help_text="As your system writes it. Upper and lower case do not matter.",
                        max_length=100,
                        verbose_name="header in your files",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        editable=False, max_length=200, verbose_name="as it is compared"
                    ),
                ),
                (
                    "column",
                    models.CharField(
                        choices=backoffice.bulk.kinds.header_names.column_choices,
                        max_length=100,
                        verbose_name="is read as",
                    ),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="made at")),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "header mapping",
                "verbose_name_plural": "header mappings",
                "ordering": ["kind", "name"],
                "abstract": False,
                "default_permissions": (
                    "add",
                    "change",
                    "delete",
                    "view",
                    "import",
                    "export",
                    "history",
                    "revert",
                ),
            },
        ),
        migrations.CreateModel(
            name="HistoricalHeaderMapping",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "kind",
                    models.CharField(
                        choices=backoffice.bulk.kinds.header_names.kind_choices,
                        max_length=40,
                        verbose_name="kind",
                    ),
                ),
                (
                    "header",
                    models.CharField(
                        help_text="As your system writes it. Upper and lower case do not matter.",
                        max_length=100,
                        verbose_name="header in your files",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        editable=False, max_length=200, verbose_name="as it is compared"
                    ),
                ),
                (
                    "column",
                    models.CharField(
                        choices=backoffice.bulk.kinds.header_names.column_choices,
                        max_length=100,
                        verbose_name="is read as",
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(blank=True, editable=False, verbose_name="made at"),
                ),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField()),
                (
                    "history_change_reason",
                    models.TextField(blank=True, null=True, verbose_name="reason"),
                ),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "change_set",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="audit.changeset",
                        verbose_name="change set",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical header mapping",
                "verbose_name_plural": "historical header mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="BatchIssue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_warning", models.BooleanField(default=False)),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                ("row", models.PositiveIntegerField(verbose_name="row")),
                ("column", models.CharField(blank=True, max_length=300, verbose_name="column")),
                ("value", models.TextField(blank=True, verbose_name="value")),
                ("code", models.CharField(max_length=60, verbose_name="code")),
                ("message", models.TextField(verbose_name="message")),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="issues",
                        to="bulk.batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "issue",
                "ordering": ["row", "pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        fields=["batch", "is_warning", "row"], name="bulk_issue_batch_row_idx"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by__isnull", True),
                    ("uploaded_by__isnull", True),
                    models.Q(("approved_by", models.F("uploaded_by")), _negated=True),
                    _connector="OR",
                ),
                name="batch_approved_by_another",
                violation_error_message="Nobody approves what they uploaded themselves.",
            ),
        ),
        migrations.AddConstraint(
            model_name="headermapping",
            constraint=models.UniqueConstraint(fields=("kind", "name"), name="header_mapping_once"),
        ),
        migrations.AddIndex(
            model_name="historicalheadermapping",
            index=models.Index(fields=["id", "history_id"], name="bulk_histor_id_fd8b9d_idx"),
        ),
        migrations.AddIndex(
            model_name="historicalheadermapping",
            index=models.Index(
                fields=["change_set", "history_id"], name="bulk_histor_change__9cdcc6_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="historicalheadermapping",
            index=models.Index(
                condition=models.Q(("history_type", "-")),
                fields=["change_set"],
                name="gone_headermapping_change_se",
            ),
        ),
    ]
