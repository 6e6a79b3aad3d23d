"""Moves of assessments from one rubric to another."""

import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0008_bonus_points"),
        ("audit", "0005_credentials_set_by_others"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RubricMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "moved_count",
                    models.PositiveIntegerField(default=0, verbose_name="grades and marks moved"),
                ),
                (
                    "incomplete_count",
                    models.PositiveIntegerField(default=0, verbose_name="to be looked at again"),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "moved_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="moved"),
                ),
                (
                    "moved_in",
                    models.BigIntegerField(editable=False, null=True, verbose_name="change set"),
                ),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rubric_moves",
                        to="assessments.assessment",
                        verbose_name="assessment",
                    ),
                ),
                (
                    "moved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="moved by",
                    ),
                ),
                (
                    "new_rubric",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_to",
                        to="assessments.gradingrubric",
                        verbose_name="to",
                    ),
                ),
                (
                    "old_rubric",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_from",
                        to="assessments.gradingrubric",
                        verbose_name="from",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="undone by",
                    ),
                ),
            ],
            options={
                "verbose_name": "rubric move",
                "verbose_name_plural": "rubric moves",
                "ordering": ["-id"],
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
            name="HistoricalRubricMove",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "moved_count",
                    models.PositiveIntegerField(default=0, verbose_name="grades and marks moved"),
                ),
                (
                    "incomplete_count",
                    models.PositiveIntegerField(default=0, verbose_name="to be looked at again"),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "moved_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="moved"),
                ),
                (
                    "moved_in",
                    models.BigIntegerField(editable=False, null=True, verbose_name="change set"),
                ),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
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
                    "assessment",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assessments.assessment",
                        verbose_name="assessment",
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
                    "moved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="moved by",
                    ),
                ),
                (
                    "new_rubric",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assessments.gradingrubric",
                        verbose_name="to",
                    ),
                ),
                (
                    "old_rubric",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assessments.gradingrubric",
                        verbose_name="from",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="undone by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical rubric move",
                "verbose_name_plural": "historical rubric moves",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="assessments_id_973f7c_idx"),
                    models.Index(
                        fields=["change_set", "history_id"], name="assessments_change__e715d7_idx"
                    ),
                    models.Index(
                        condition=models.Q(("history_type", "-")),
                        fields=["change_set"],
                        name="gone_rubricmove_change_se",
                    ),
                    models.Index(
                        condition=models.Q(("history_type", "-")),
                        fields=["assessment"],
                        name="gone_rubricmove_assessmen",
                    ),
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
    ]
