import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_change_set_actors"),
        ("courses", "0001_courses"),
        ("users", "0002_enrollments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CourseProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "lessons_completed",
                    models.PositiveIntegerField(default=0, verbose_name="lessons completed"),
                ),
                (
                    "lessons_total",
                    models.PositiveIntegerField(default=0, verbose_name="lessons in all"),
                ),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=5, verbose_name="percent"
                    ),
                ),
                (
                    "seconds_spent",
                    models.PositiveIntegerField(default=0, verbose_name="seconds spent"),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last counted")),
                (
                    "enrollment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="progress",
                        to="users.enrollment",
                        verbose_name="enrollment",
                    ),
                ),
            ],
            options={
                "verbose_name": "course progress",
                "verbose_name_plural": "course progress",
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
                    models.CheckConstraint(
                        condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                        name="course_progress_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lessons_completed__lte", models.F("lessons_total"))),
                        name="course_progress_lessons",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalCourseProgress",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "lessons_completed",
                    models.PositiveIntegerField(default=0, verbose_name="lessons completed"),
                ),
                (
                    "lessons_total",
                    models.PositiveIntegerField(default=0, verbose_name="lessons in all"),
                ),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=5, verbose_name="percent"
                    ),
                ),
                (
                    "seconds_spent",
                    models.PositiveIntegerField(default=0, verbose_name="seconds spent"),
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
                    "enrollment",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.enrollment",
                        verbose_name="enrollment",
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
            ],
            options={
                "verbose_name": "historical course progress",
                "verbose_name_plural": "historical course progress",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_5ea174_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalLessonProgress",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("not_started", "not started"),
                            ("in_progress", "in progress"),
                            ("completed", "completed"),
                        ],
                        default="not_started",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=5, verbose_name="percent"
                    ),
                ),
                (
                    "seconds_spent",
                    models.PositiveIntegerField(default=0, verbose_name="seconds spent"),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="completed"),
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
                    "enrollment",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.enrollment",
                        verbose_name="enrollment",
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
                    "lesson",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="courses.lesson",
                        verbose_name="lesson",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical lesson progress",
                "verbose_name_plural": "historical lesson progress",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_94106d_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="LessonProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("not_started", "not started"),
                            ("in_progress", "in progress"),
                            ("completed", "completed"),
                        ],
                        default="not_started",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=5, verbose_name="percent"
                    ),
                ),
                (
                    "seconds_spent",
                    models.PositiveIntegerField(default=0, verbose_name="seconds spent"),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="completed"),
                ),
                (
                    "enrollment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lesson_progress",
                        to="users.enrollment",
                        verbose_name="enrollment",
                    ),
                ),
                (
                    "lesson",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="progress",
                        to="courses.lesson",
                        verbose_name="lesson",
                    ),
                ),
            ],
            options={
                "verbose_name": "lesson progress",
                "verbose_name_plural": "lesson progress",
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
                    models.UniqueConstraint(
                        fields=("enrollment", "lesson"), name="lesson_progress_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                        name="lesson_progress_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("completed_at__gte", models.F("started_at"))),
                        name="lesson_progress_in_order",
                    ),
                ],
            },
        ),
    ]
