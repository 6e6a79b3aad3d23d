import backoffice.apps.users.validators
import backoffice.operations.indexes
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0002_change_set_actors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Course",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        help_text="For example AAA or CS101.",
                        max_length=50,
                        verbose_name="course code",
                    ),
                ),
                (
                    "presentation",
                    models.CharField(
                        help_text="The term or run, for example 2013J.",
                        max_length=50,
                        verbose_name="presentation",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="Without one, code and presentation stand for it.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        allow_unicode=True,
                        blank=True,
                        db_index=False,
                        help_text="The name in addresses. Left blank, it is made from code and presentation.",
                        max_length=120,
                        verbose_name="slug",
                    ),
                ),
                (
                    "short_description",
                    models.CharField(blank=True, max_length=300, verbose_name="in one sentence"),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "learning_objectives",
                    models.TextField(blank=True, verbose_name="learning objectives"),
                ),
                ("prerequisites", models.TextField(blank=True, verbose_name="prerequisites")),
                (
                    "difficulty_level",
                    models.CharField(
                        choices=[
                            ("beginner", "beginner"),
                            ("intermediate", "intermediate"),
                            ("advanced", "advanced"),
                        ],
                        default="beginner",
                        max_length=12,
                        verbose_name="difficulty",
                    ),
                ),
                (
                    "estimated_hours",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="estimated hours"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        default="en",
                        max_length=35,
                        validators=[backoffice.apps.users.validators.validate_language],
                        verbose_name="language",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("archived", "archived"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("is_featured", models.BooleanField(default=False, verbose_name="featured")),
                (
                    "enrollment_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Blank means without limit.",
                        null=True,
                        verbose_name="enrollment limit",
                    ),
                ),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="ends on")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last saved")),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="published"
                    ),
                ),
                (
                    "instructor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        error_messages={
                            "invalid": "This person is not an instructor. Choose one, or change the person's role."
                        },
                        limit_choices_to={"role": "instructor"},
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taught_courses",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="instructor",
                    ),
                ),
            ],
            options={
                "verbose_name": "course",
                "verbose_name_plural": "courses",
                "ordering": ["code", "presentation"],
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
                "indexes": [
                    backoffice.operations.indexes.LongNameIndex(
                        fields=["status", "-created_at"], name="courses_course_status_created_idx"
                    ),
                    backoffice.operations.indexes.LongNameIndex(
                        fields=["instructor", "status"], name="courses_course_instructor_status_idx"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("code", "presentation"), name="course_unique"),
                    models.UniqueConstraint(fields=("slug",), name="course_slug_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="course_dates_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseModule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        help_text="Modules stand in this order, from 1.", verbose_name="position"
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("is_published", models.BooleanField(default=False, verbose_name="published")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="modules",
                        to="courses.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "module",
                "verbose_name_plural": "modules",
                "ordering": ["course", "position"],
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
                        fields=("course", "position"), name="module_position_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "description",
                    models.CharField(blank=True, max_length=300, verbose_name="description"),
                ),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "ordering": ["name"],
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
                "constraints": [models.UniqueConstraint(fields=("name",), name="tag_name_unique")],
            },
        ),
        migrations.CreateModel(
            name="CourseTagging",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taggings",
                        to="courses.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taggings",
                        to="courses.coursetag",
                        verbose_name="tag",
                    ),
                ),
            ],
            options={
                "verbose_name": "tag of a course",
                "verbose_name_plural": "tags of courses",
                "ordering": ["course", "tag"],
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
                    models.UniqueConstraint(fields=("course", "tag"), name="tagging_unique")
                ],
            },
        ),
        migrations.AddField(
            model_name="course",
            name="tags",
            field=models.ManyToManyField(
                blank=True,
                related_name="courses",
                through="courses.CourseTagging",
                to="courses.coursetag",
                verbose_name="tags",
            ),
        ),
        migrations.CreateModel(
            name="HistoricalCourse",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "code",
                    models.CharField(
                        help_text="For example AAA or CS101.",
                        max_length=50,
                        verbose_name="course code",
                    ),
                ),
                (
                    "presentation",
                    models.CharField(
                        help_text="The term or run, for example 2013J.",
                        max_length=50,
                        verbose_name="presentation",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="Without one, code and presentation stand for it.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        allow_unicode=True,
                        blank=True,
                        db_index=False,
                        help_text="The name in addresses. Left blank, it is made from code and presentation.",
                        max_length=120,
                        verbose_name="slug",
                    ),
                ),
                (
                    "short_description",
                    models.CharField(blank=True, max_length=300, verbose_name="in one sentence"),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "learning_objectives",
                    models.TextField(blank=True, verbose_name="learning objectives"),
                ),
                ("prerequisites", models.TextField(blank=True, verbose_name="prerequisites")),
                (
                    "difficulty_level",
                    models.CharField(
                        choices=[
                            ("beginner", "beginner"),
                            ("intermediate", "intermediate"),
                            ("advanced", "advanced"),
                        ],
                        default="beginner",
                        max_length=12,
                        verbose_name="difficulty",
                    ),
                ),
                (
                    "estimated_hours",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="estimated hours"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        default="en",
                        max_length=35,
                        validators=[backoffice.apps.users.validators.validate_language],
                        verbose_name="language",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("archived", "archived"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("is_featured", models.BooleanField(default=False, verbose_name="featured")),
                (
                    "enrollment_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Blank means without limit.",
                        null=True,
                        verbose_name="enrollment limit",
                    ),
                ),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="ends on")),
                (
                    "created_at",
                    models.DateTimeField(blank=True, editable=False, verbose_name="created"),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="published"
                    ),
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
                    "instructor",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        error_messages={
                            "invalid": "This person is not an instructor. Choose one, or change the person's role."
                        },
                        limit_choices_to={"role": "instructor"},
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="instructor",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical course",
                "verbose_name_plural": "historical courses",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_20ce5c_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCourseModule",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        help_text="Modules stand in this order, from 1.", verbose_name="position"
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("is_published", models.BooleanField(default=False, verbose_name="published")),
                (
                    "created_at",
                    models.DateTimeField(blank=True, editable=False, verbose_name="created"),
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
            ],
            options={
                "verbose_name": "historical module",
                "verbose_name_plural": "historical modules",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_263ead_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCourseTag",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "description",
                    models.CharField(blank=True, max_length=300, verbose_name="description"),
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
                "verbose_name": "historical tag",
                "verbose_name_plural": "historical tags",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_142163_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCourseTagging",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
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
                    "tag",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="courses.coursetag",
                        verbose_name="tag",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical tag of a course",
                "verbose_name_plural": "historical tags of courses",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_58680c_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalLesson",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        help_text="Lessons stand in this order, from 1.", verbose_name="position"
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "lesson_type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("video", "film"),
                            ("file", "file"),
                            ("live", "live meeting"),
                        ],
                        default="text",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("content", models.TextField(blank=True, verbose_name="text")),
                ("video_url", models.URLField(blank=True, verbose_name="address of the film")),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes"),
                ),
                ("is_published", models.BooleanField(default=False, verbose_name="published")),
                (
                    "created_at",
                    models.DateTimeField(blank=True, editable=False, verbose_name="created"),
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
                    "module",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="courses.coursemodule",
                        verbose_name="module",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical lesson",
                "verbose_name_plural": "historical lessons",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="courses_his_id_b24d64_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Lesson",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        help_text="Lessons stand in this order, from 1.", verbose_name="position"
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "lesson_type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("video", "film"),
                            ("file", "file"),
                            ("live", "live meeting"),
                        ],
                        default="text",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("content", models.TextField(blank=True, verbose_name="text")),
                ("video_url", models.URLField(blank=True, verbose_name="address of the film")),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes"),
                ),
                ("is_published", models.BooleanField(default=False, verbose_name="published")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "module",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lessons",
                        to="courses.coursemodule",
                        verbose_name="module",
                    ),
                ),
            ],
            options={
                "verbose_name": "lesson",
                "verbose_name_plural": "lessons",
                "ordering": ["module", "position"],
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
                        fields=("module", "position"), name="lesson_position_unique"
                    )
                ],
            },
        ),
    ]
