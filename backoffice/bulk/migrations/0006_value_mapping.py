"""The school's own words for roles and states, and what they stood for in a file."""

import backoffice.bulk.kinds.value_words
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0005_credentials_set_by_others"),
        ("bulk", "0005_batch_returns_and_scope"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="own_values",
            field=models.JSONField(default=dict, verbose_name="the school's own values"),
        ),
        migrations.AddField(
            model_name="batch",
            name="unknown_values",
            field=models.JSONField(default=dict, verbose_name="values without a meaning"),
        ),
        migrations.AddField(
            model_name="batch",
            name="unplaced",
            field=models.JSONField(default=list, verbose_name="people of an unknown role"),
        ),
        migrations.CreateModel(
            name="HistoricalValueMapping",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "kind",
                    models.CharField(
                        choices=backoffice.bulk.kinds.value_words.word_kinds,
                        max_length=40,
                        verbose_name="kind",
                    ),
                ),
                (
                    "column",
                    models.CharField(
                        choices=backoffice.bulk.kinds.value_words.word_column_choices,
                        max_length=100,
                        verbose_name="column",
                    ),
                ),
                (
                    "word",
                    models.CharField(
                        help_text="As your system writes it. Upper and lower case do not matter.",
                        max_length=100,
                        verbose_name="value in your files",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        editable=False, max_length=400, verbose_name="as it is compared"
                    ),
                ),
                (
                    "meaning",
                    models.CharField(
                        choices=backoffice.bulk.kinds.value_words.meaning_choices,
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
                "verbose_name": "historical value mapping",
                "verbose_name_plural": "historical value mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="bulk_histor_id_412bb7_idx"),
                    models.Index(
                        fields=["change_set", "history_id"], name="bulk_histor_change__15d861_idx"
                    ),
                    models.Index(
                        condition=models.Q(("history_type", "-")),
                        fields=["change_set"],
                        name="gone_valuemapping_change_se",
                    ),
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="ValueMapping",
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
                        choices=backoffice.bulk.kinds.value_words.word_kinds,
                        max_length=40,
                        verbose_name="kind",
                    ),
                ),
                (
                    "column",
                    models.CharField(
                        choices=backoffice.bulk.kinds.value_words.word_column_choices,
                        max_length=100,
                        verbose_name="column",
                    ),
                ),
                (
                    "word",
                    models.CharField(
                        help_text="As your system writes it. Upper and lower case do not matter.",
                        max_length=100,
                        verbose_name="value in your files",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        editable=False, max_length=400, verbose_name="as it is compared"
                    ),
                ),
                (
                    "meaning",
                    models.CharField(
                        choices=backoffice.bulk.kinds.value_words.meaning_choices,
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
                "verbose_name": "value mapping",
                "verbose_name_plural": "value mappings",
                "ordering": ["kind", "column", "name"],
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "column", "name"), name="value_mapping_once"
                    )
                ],
            },
        ),
    ]
