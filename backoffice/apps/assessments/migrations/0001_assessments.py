import backoffice.operations.indexes
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0002_change_set_actors"),
        ("courses", "0002_progress"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GradingRubric",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Can be chosen for an assessment.",
                        verbose_name="in use",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rubrics",
                        to="courses.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "rubric",
                "verbose_name_plural": "rubrics",
                "ordering": ["course", "title", "-version"],
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
                        fields=("course", "title", "version"), name="rubric_version_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Assessment",
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
                        help_text="What files know it by, for example 1752.",
                        max_length=50,
                        verbose_name="code",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="Without one, kind and code stand for it.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "assessment_type",
                    models.CharField(
                        choices=[
                            ("quiz", "quiz"),
                            ("assignment", "assignment"),
                            ("exam", "exam"),
                            ("TMA", "tutor-marked assignment (TMA)"),
                            ("CMA", "computer-marked assignment (CMA)"),
                        ],
                        default="assignment",
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("closed", "closed"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "weight",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Its part in the course grade, in percent. 0 does not count.",
                        max_digits=6,
                        verbose_name="weight",
                    ),
                ),
                (
                    "max_score",
                    models.DecimalField(
                        decimal_places=2, default=100, max_digits=7, verbose_name="maximum score"
                    ),
                ),
                (
                    "passing_score",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=7,
                        null=True,
                        verbose_name="passing score",
                    ),
                ),
                (
                    "grading_method",
                    models.CharField(
                        choices=[
                            ("highest", "highest attempt"),
                            ("latest", "latest attempt"),
                            ("first", "first attempt"),
                            ("average", "average of all attempts"),
                        ],
                        default="highest",
                        max_length=8,
                        verbose_name="which attempt counts",
                    ),
                ),
                (
                    "available_from",
                    models.DateTimeField(blank=True, null=True, verbose_name="available from"),
                ),
                ("due_date", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                (
                    "time_limit_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Blank means without limit.",
                        null=True,
                        verbose_name="time limit in minutes",
                    ),
                ),
                (
                    "max_attempts",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=1,
                        help_text="Blank means without limit.",
                        null=True,
                        verbose_name="attempts at most",
                    ),
                ),
                (
                    "allow_late_submission",
                    models.BooleanField(default=False, verbose_name="accept late work"),
                ),
                (
                    "auto_generate_feedback",
                    models.BooleanField(default=False, verbose_name="draft feedback automatically"),
                ),
                (
                    "plagiarism_check",
                    models.BooleanField(default=False, verbose_name="check for plagiarism"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last saved")),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
                        to="courses.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "rubric",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
                        to="assessments.gradingrubric",
                        verbose_name="rubric",
                    ),
                ),
            ],
            options={
                "verbose_name": "assessment",
                "verbose_name_plural": "assessments",
                "ordering": ["course", "due_date", "code"],
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
                        fields=["course", "assessment_type"],
                        name="assessments_assessment_course_type_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "code"), name="assessment_code_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weight__gte", 0)),
                        name="assessment_weight_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_score__gt", 0)),
                        name="assessment_max_score_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("passing_score__gte", 0), ("passing_score__lte", models.F("max_score"))
                        ),
                        name="assessment_passing_within",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_date__gte", models.F("available_from"))),
                        name="assessment_dates_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalAssessment",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "code",
                    models.CharField(
                        help_text="What files know it by, for example 1752.",
                        max_length=50,
                        verbose_name="code",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="Without one, kind and code stand for it.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "assessment_type",
                    models.CharField(
                        choices=[
                            ("quiz", "quiz"),
                            ("assignment", "assignment"),
                            ("exam", "exam"),
                            ("TMA", "tutor-marked assignment (TMA)"),
                            ("CMA", "computer-marked assignment (CMA)"),
                        ],
                        default="assignment",
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("closed", "closed"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "weight",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Its part in the course grade, in percent. 0 does not count.",
                        max_digits=6,
                        verbose_name="weight",
                    ),
                ),
                (
                    "max_score",
                    models.DecimalField(
                        decimal_places=2, default=100, max_digits=7, verbose_name="maximum score"
                    ),
                ),
                (
                    "passing_score",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=7,
                        null=True,
                        verbose_name="passing score",
                    ),
                ),
                (
                    "grading_method",
                    models.CharField(
                        choices=[
                            ("highest", "highest attempt"),
                            ("latest", "latest attempt"),
                            ("first", "first attempt"),
                            ("average", "average of all attempts"),
                        ],
                        default="highest",
                        max_length=8,
                        verbose_name="which attempt counts",
                    ),
                ),
                (
                    "available_from",
                    models.DateTimeField(blank=True, null=True, verbose_name="available from"),
                ),
                ("due_date", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                (
                    "time_limit_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Blank means without limit.",
                        null=True,
                        verbose_name="time limit in minutes",
                    ),
                ),
                (
                    "max_attempts",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=1,
                        help_text="Blank means without limit.",
                        null=True,
                        verbose_name="attempts at most",
                    ),
                ),
                (
                    "allow_late_submission",
                    models.BooleanField(default=False, verbose_name="accept late work"),
                ),
                (
                    "auto_generate_feedback",
                    models.BooleanField(default=False, verbose_name="draft feedback automatically"),
                ),
                (
                    "plagiarism_check",
                    models.BooleanField(default=False, verbose_name="check for plagiarism"),
                ),
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
                (
                    "rubric",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assessments.gradingrubric",
                        verbose_name="rubric",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical assessment",
                "verbose_name_plural": "historical assessments",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="assessments_id_455c9a_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalGradingRubric",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Can be chosen for an assessment.",
                        verbose_name="in use",
                    ),
                ),
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
                "verbose_name": "historical rubric",
                "verbose_name_plural": "historical rubrics",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="assessments_id_43edfb_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalQuestion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "question_type",
                    models.CharField(
                        choices=[
                            ("single_choice", "one answer of several"),
                            ("multiple_choice", "several answers of several"),
                            ("true_false", "true or false"),
                            ("short_answer", "short answer"),
                            ("essay", "essay"),
                        ],
                        default="short_answer",
                        max_length=15,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.TextField(verbose_name="question")),
                (
                    "options",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="A list of texts.",
                        verbose_name="answers to choose from",
                    ),
                ),
                ("correct_answer", models.TextField(blank=True, verbose_name="right answer")),
                ("explanation", models.TextField(blank=True, verbose_name="explanation")),
                (
                    "points",
                    models.DecimalField(
                        decimal_places=2, default=1, max_digits=7, verbose_name="points"
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
                "verbose_name": "historical question",
                "verbose_name_plural": "historical questions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="assessments_id_8588d4_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRubricCriterion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("title", models.CharField(max_length=200, verbose_name="criterion")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "max_points",
                    models.DecimalField(
                        decimal_places=2, max_digits=7, verbose_name="points at most"
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
                    "rubric",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assessments.gradingrubric",
                        verbose_name="rubric",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical rubric criterion",
                "verbose_name_plural": "historical rubric criteria",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="assessments_id_6cf121_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "question_type",
                    models.CharField(
                        choices=[
                            ("single_choice", "one answer of several"),
                            ("multiple_choice", "several answers of several"),
                            ("true_false", "true or false"),
                            ("short_answer", "short answer"),
                            ("essay", "essay"),
                        ],
                        default="short_answer",
                        max_length=15,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.TextField(verbose_name="question")),
                (
                    "options",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="A list of texts.",
                        verbose_name="answers to choose from",
                    ),
                ),
                ("correct_answer", models.TextField(blank=True, verbose_name="right answer")),
                ("explanation", models.TextField(blank=True, verbose_name="explanation")),
                (
                    "points",
                    models.DecimalField(
                        decimal_places=2, default=1, max_digits=7, verbose_name="points"
                    ),
                ),
                (
                    "assessment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="assessments.assessment",
                        verbose_name="assessment",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "ordering": ["assessment", "position"],
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
                        fields=("assessment", "position"), name="question_position_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("points__gte", 0)), name="question_points_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RubricCriterion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("title", models.CharField(max_length=200, verbose_name="criterion")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "max_points",
                    models.DecimalField(
                        decimal_places=2, max_digits=7, verbose_name="points at most"
                    ),
                ),
                (
                    "rubric",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="criteria",
                        to="assessments.gradingrubric",
                        verbose_name="rubric",
                    ),
                ),
            ],
            options={
                "verbose_name": "rubric criterion",
                "verbose_name_plural": "rubric criteria",
                "ordering": ["rubric", "position"],
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
                        fields=("rubric", "position"), name="criterion_position_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_points__gt", 0)), name="criterion_points_positive"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalRubricLevel",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                ("title", models.CharField(max_length=100, verbose_name="level")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "points",
                    models.DecimalField(decimal_places=2, max_digits=7, verbose_name="points"),
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
                    "criterion",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assessments.rubriccriterion",
                        verbose_name="criterion",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical rubric level",
                "verbose_name_plural": "historical rubric levels",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="assessments_id_fe4802_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="RubricLevel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "maximum",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        editable=False,
                        max_digits=7,
                        verbose_name="maximum",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="level")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "points",
                    models.DecimalField(decimal_places=2, max_digits=7, verbose_name="points"),
                ),
                (
                    "criterion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="levels",
                        to="assessments.rubriccriterion",
                        verbose_name="criterion",
                    ),
                ),
            ],
            options={
                "verbose_name": "rubric level",
                "verbose_name_plural": "rubric levels",
                "ordering": ["criterion", "-points"],
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
                        fields=("criterion", "title"), name="level_title_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("points__gte", 0)), name="level_points_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("points__lte", models.F("maximum"))),
                        name="level_points_within_criterion",
                    ),
                ],
            },
        ),
    ]
