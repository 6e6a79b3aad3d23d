import backoffice.apps.users.validators
import backoffice.operations.indexes
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0001_change_sets"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        help_text="At most 150 letters, digits and @ . + - _. A student's is the student ID.",
                        max_length=150,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=150, verbose_name="first name"),
                ),
                (
                    "last_name",
                    models.CharField(blank=True, max_length=150, verbose_name="last name"),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        help_text="Stored in lower case. No two people have the same.",
                        max_length=254,
                        verbose_name="e-mail",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "admin"),
                            ("registrar", "registrar"),
                            ("instructor", "instructor"),
                            ("auditor", "auditor"),
                            ("student", "student"),
                        ],
                        default="student",
                        help_text="What the person may do here follows from the role.",
                        max_length=12,
                        verbose_name="role",
                    ),
                ),
                ("bio", models.TextField(blank=True, max_length=5000, verbose_name="about")),
                (
                    "avatar",
                    models.ImageField(blank=True, upload_to="avatars/", verbose_name="picture"),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[backoffice.apps.users.validators.validate_timezone],
                        verbose_name="time zone",
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
                    "student_id",
                    models.CharField(
                        blank=True,
                        help_text="Every student has one. It is what files and forms know the student by.",
                        max_length=64,
                        null=True,
                        validators=[backoffice.apps.users.validators.validate_student_id],
                        verbose_name="student ID",
                    ),
                ),
                (
                    "graduation_year",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="graduation year"
                    ),
                ),
                (
                    "specialization",
                    models.CharField(blank=True, max_length=150, verbose_name="specialization"),
                ),
                (
                    "is_verified",
                    models.BooleanField(
                        default=False,
                        help_text="Someone has checked who this person is.",
                        verbose_name="verified",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "ordering": ["username"],
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
                        fields=["-last_login"], name="users_user_last_login_idx"
                    ),
                    backoffice.operations.indexes.LongNameIndex(
                        fields=["role", "is_active"], name="users_user_role_active_idx"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("username",), name="user_username_unique"),
                    models.UniqueConstraint(fields=("student_id",), name="user_student_id_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=("email",),
                        name="user_email_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "student"), _negated=True),
                            ("student_id__isnull", False),
                            _connector="OR",
                        ),
                        name="user_student_has_id",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "student"), _negated=True),
                            models.Q(("is_staff", False), ("is_superuser", False)),
                            _connector="OR",
                        ),
                        name="user_student_not_staff",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "student"), _negated=True),
                            ("username", models.F("student_id")),
                            _connector="OR",
                        ),
                        name="user_student_username",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "student"), _negated=True),
                            ("password__startswith", "!"),
                            _connector="OR",
                        ),
                        name="user_student_password",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("graduation_year__gte", 1900), ("graduation_year__lte", 2200)
                        ),
                        name="user_graduation_year_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalProfile",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                ("pronouns", models.CharField(blank=True, max_length=40, verbose_name="pronouns")),
                (
                    "date_of_birth",
                    models.DateField(blank=True, null=True, verbose_name="date of birth"),
                ),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="telephone")),
                (
                    "address",
                    models.TextField(blank=True, max_length=500, verbose_name="postal address"),
                ),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                ("country", models.CharField(blank=True, max_length=100, verbose_name="country")),
                (
                    "organization",
                    models.CharField(blank=True, max_length=150, verbose_name="organization"),
                ),
                ("website", models.URLField(blank=True, verbose_name="website")),
                (
                    "receives_email",
                    models.BooleanField(
                        default=True,
                        help_text="Announcements also go out by e-mail.",
                        verbose_name="receives e-mail",
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
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical profile",
                "verbose_name_plural": "historical profiles",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="users_histo_id_3071de_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalUser",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                ("line", models.PositiveIntegerField(null=True, verbose_name="line of the file")),
                (
                    "username",
                    models.CharField(
                        help_text="At most 150 letters, digits and @ . + - _. A student's is the student ID.",
                        max_length=150,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=150, verbose_name="first name"),
                ),
                (
                    "last_name",
                    models.CharField(blank=True, max_length=150, verbose_name="last name"),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        help_text="Stored in lower case. No two people have the same.",
                        max_length=254,
                        verbose_name="e-mail",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "admin"),
                            ("registrar", "registrar"),
                            ("instructor", "instructor"),
                            ("auditor", "auditor"),
                            ("student", "student"),
                        ],
                        default="student",
                        help_text="What the person may do here follows from the role.",
                        max_length=12,
                        verbose_name="role",
                    ),
                ),
                ("bio", models.TextField(blank=True, max_length=5000, verbose_name="about")),
                ("avatar", models.TextField(blank=True, max_length=100, verbose_name="picture")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[backoffice.apps.users.validators.validate_timezone],
                        verbose_name="time zone",
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
                    "student_id",
                    models.CharField(
                        blank=True,
                        help_text="Every student has one. It is what files and forms know the student by.",
                        max_length=64,
                        null=True,
                        validators=[backoffice.apps.users.validators.validate_student_id],
                        verbose_name="student ID",
                    ),
                ),
                (
                    "graduation_year",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="graduation year"
                    ),
                ),
                (
                    "specialization",
                    models.CharField(blank=True, max_length=150, verbose_name="specialization"),
                ),
                (
                    "is_verified",
                    models.BooleanField(
                        default=False,
                        help_text="Someone has checked who this person is.",
                        verbose_name="verified",
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
            ],
            options={
                "verbose_name": "historical person",
                "verbose_name_plural": "historical people",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["id", "history_id"], name="users_histo_id_d5ebe0_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pronouns", models.CharField(blank=True, max_length=40, verbose_name="pronouns")),
                (
                    "date_of_birth",
                    models.DateField(blank=True, null=True, verbose_name="date of birth"),
                ),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="telephone")),
                (
                    "address",
                    models.TextField(blank=True, max_length=500, verbose_name="postal address"),
                ),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                ("country", models.CharField(blank=True, max_length=100, verbose_name="country")),
                (
                    "organization",
                    models.CharField(blank=True, max_length=150, verbose_name="organization"),
                ),
                ("website", models.URLField(blank=True, verbose_name="website")),
                (
                    "receives_email",
                    models.BooleanField(
                        default=True,
                        help_text="Announcements also go out by e-mail.",
                        verbose_name="receives e-mail",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profile",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "profile",
                "verbose_name_plural": "profiles",
                "ordering": ["id"],
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
    ]
