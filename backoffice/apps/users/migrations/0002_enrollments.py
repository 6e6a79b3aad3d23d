import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_change_set_actors"),
        ("courses", "0001_courses"),
        ("users", "0001_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="Enrollment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "student"),
                            ("teaching_assistant", "teaching assistant"),
                            ("observer", "observer"),
                        ],
                        default="student",
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "active"),
                            ("completed", "completed"),
                            ("failed", "failed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="active",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "enrolled_on",
                    models.DateField(blank=True, null=True, verbose_name="enrolled on"),
                ),
                (
                    "withdrawn_on",
                    models.DateField(blank=True, null=True, verbose_name="withdrawn on"),
                ),
                (
                    "final_result",
                    models.CharField(
                        blank=True,
                        help_text="In the school's words, for example Pass or Distinction.",
                        max_length=50,
                        verbose_name="final result",
                    ),
                ),
                (
                    "final_grade",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="In percent, 0 to 100.",
                        max_digits=5,
                        null=True,
                        verbose_name="final grade",
                    ),
                ),
                (
                    "progress_percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="In percent, 0 to 100.",
                        max_digits=5,
                        verbose_name="progress",
                    ),
                ),
                (
                    "last_activity_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last activity"),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrollments",
                        to="courses.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrollments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="student",
                    ),
                ),
            ],
            options={
                "verbose_name": "enrollment",
                "verbose_name_plural": "enrollments",
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
                "constraints": [
                    models.UniqueConstraint(fields=("student", "course"), name="enrollment_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("withdrawn_on__gte", models.F("enrolled_on"))),
                        name="enrollment_dates_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("final_grade__gte", 0), ("final_grade__lte", 100)),
                        name="enrollment_grade_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("progress_percent__gte", 0), ("progress_percent__lte", 100)
                        ),
                        name="enrollment_progress_percent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalEnrollment",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "student"),
                            ("teaching_assistant", "teaching assistant"),
                            ("observer", "observer"),
                        ],
                        default="student",
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "active"),
                            ("completed", "completed"),
                            ("failed", "failed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="active",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "enrolled_on",
                    models.DateField(blank=True, null=True, verbose_name="enrolled on"),
                ),
                (
                    "withdrawn_on",
                    models.DateField(blank=True, null=True, verbose_name="withdrawn on"),
                ),
                (
                    "final_result",
                    models.CharField(
                        blank=True,
                        help_text="In the school's words, for example Pass or Distinction.",
                        max_length=50,
                        verbose_name="final result",
                    ),
                ),
                (
                    "final_grade",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="In percent, 0 to 100.",
                        max_digits=5,
                        null=True,
                        verbose_name="final grade",
                    ),
                ),
                (
                    "progress_percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="In percent, 0 to 100.",
                        max_digits=5,
                        verbose_name="progress",
                    ),
                ),
                (
                    "last_activity_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last activity"),
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
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="audit.changeset",
                        verbose_name="change set",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="courses.course",
                        verbose_name="course",
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
                    "student",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="student",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical enrollment",
                "verbose_name_plural": "historical enrollments",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="users_histo_id_026e71_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
    ]
