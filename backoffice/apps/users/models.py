"""People, their profiles, and who is enrolled in what."""

from typing import Any, ClassVar

from django.contrib.auth.models import UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, LowerEmailField, ParagraphField
from backoffice.admin_site.models.private_files import PictureField
from backoffice.admin_site.models.rules import (
    Advisory,
    CapacityRule,
    RelatedRule,
    RowRule,
    UniqueRule,
    is_web_address,
)
from backoffice.admin_site.models.search_text import SearchText, TrigramIndex
from backoffice.apps.users.accounts import MERGED_INDEX, MERGED_IS_OFF, Account, Mergeable
from backoffice.apps.users.enrollments.sections import SectionMembership as SectionMembership
from backoffice.apps.users.enrollments.words import EnrollmentStatus
from backoffice.apps.users.identities.former_ids import (
    FOLDED_INDEXES,
    IDENTITIES,
    NEVER_OF_ANOTHER,
    FormerStudentID,
    replaced_student_id,
)
from backoffice.apps.users.validators import (
    validate_language,
    validate_student_id,
    validate_timezone,
)
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal
from backoffice.operations.indexes import LongNameIndex

UNUSABLE = "!"


class UserQuerySet(AuditedQuerySet):
    """Query words for people."""

    def students(self) -> "UserQuerySet":
        return self.filter(role=User.Role.STUDENT)

    def staff(self) -> "UserQuerySet":
        return self.exclude(role=User.Role.STUDENT)

    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)


class PeopleManager(UserManager.from_queryset(UserQuerySet)):
    """Creates accounts; a superuser is an admin by role."""

    use_in_migrations = False

    def create_superuser(self, username: str, *args: Any, **extra_fields: Any) -> "User":
        extra_fields.setdefault("role", User.Role.ADMIN)
        return super().create_superuser(username, *args, **extra_fields)


class User(Mergeable, Audited, Account):
    """A person: staff, who log in by role, or a student, who does not log in here."""

    class Role(models.TextChoices):
        ADMIN = "admin", _("admin")
        REGISTRAR = "registrar", _("registrar")
        INSTRUCTOR = "instructor", _("instructor")
        AUDITOR = "auditor", _("auditor")
        STUDENT = "student", _("student")

    course_path = "enrollments__course"
    person_path = ""
    history_excludes = ("password", "last_login", "search_text")
    natural_key_fields = ("username",)
    personal = Personal(
        fields=("first_name", "last_name", "email", "bio", "avatar", "specialization"),
        names=("username", "student_id"),
    )

    username = LineField(
        _("username"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text=_("At most 150 letters, digits and @ . + - _. A student's is the student ID."),
    )
    first_name = LineField(_("first name"), max_length=150, blank=True)
    last_name = LineField(_("last name"), max_length=150, blank=True)
    email = LowerEmailField(
        _("e-mail"), blank=True, help_text=_("Stored in lower case. No two people have the same.")
    )
    role = models.CharField(
        _("role"),
        max_length=12,
        choices=Role,
        default=Role.STUDENT,
        help_text=_("What the person may do here follows from the role."),
    )
    bio = ParagraphField(_("about"), blank=True, max_length=5000)
    avatar = PictureField(_("picture"), blank=True, help_text=_("Up to 2 MB."))
    timezone = LineField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    language = LineField(_("language"), max_length=35, default="en", validators=[validate_language])
    student_id = LineField(
        _("student ID"),
        max_length=64,
        null=True,
        blank=True,
        validators=[validate_student_id],
        help_text=_("Every student has one. It is what files and forms know the student by."),
    )
    graduation_year = models.PositiveSmallIntegerField(_("graduation year"), null=True, blank=True)
    specialization = LineField(_("specialization"), max_length=150, blank=True)
    is_verified = models.BooleanField(
        _("verified"), default=False, help_text=_("Someone has checked who this person is.")
    )

    # Django's own, with rows that are recorded. What a person may do here follows from the role.
    groups = models.ManyToManyField(
        "auth.Group",
        through="GroupMembership",
        blank=True,
        related_name="user_set",
        related_query_name="user",
        verbose_name=_("groups"),
    )
    user_permissions = models.ManyToManyField(
        "auth.Permission",
        through="PermissionGrant",
        blank=True,
        related_name="user_set",
        related_query_name="user",
        verbose_name=_("single permissions"),
    )

    search_text = SearchText(
        *("username", "first_name", "last_name", "email", "student_id"),
        further=("former_student_ids",),
    )

    objects = PeopleManager()

    class Meta(Audited.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["username"]
        indexes = [
            LongNameIndex(fields=["-last_login"], name="users_user_last_login_idx"),
            LongNameIndex(fields=["role", "is_active"], name="users_user_role_active_idx"),
            models.Index(fields=["is_verified", "id"], name="users_user_verified_idx"),
            models.Index(fields=["graduation_year", "id"], name="users_user_graduation_idx"),
            MERGED_INDEX,
            TrigramIndex(fields=["search_text"], name="users_user_search_idx"),
            *FOLDED_INDEXES,
        ]
        constraints = [
            UniqueRule(
                name="user_username_unique",
                fields=["username"],
                field="username",
                code="username_taken",
                message=_("Another person has this username already. Choose another one."),
            ),
            UniqueRule(
                name="user_student_id_unique",
                fields=["student_id"],
                field="student_id",
                code="student_id_taken",
                message=_("Another student has this student ID already."),
            ),
            UniqueRule(
                name="user_email_unique",
                fields=["email"],
                condition=~Q(email=""),
                field="email",
                code="email_taken",
                message=_("Another person has this e-mail address already."),
            ),
            RowRule(
                name="user_student_has_id",
                condition=~Q(role="student") | Q(student_id__isnull=False),
                field="student_id",
                code="student_id_missing",
                message=_("A student needs a student ID. Enter it, or choose another role."),
            ),
            RowRule(
                name="user_student_not_staff",
                condition=~Q(role="student") | Q(is_staff=False, is_superuser=False),
                field="role",
                code="student_is_staff",
                message=_(
                    "A student cannot log in here, and this account has all rights. Choose another "
                    "role."
                ),
            ),
            RowRule(
                name="user_student_username",
                condition=~Q(role="student") | Q(username=F("student_id")),
                field="username",
                code="username_differs",
                message=_("A student's username is the student ID."),
            ),
            RowRule(
                name="user_student_password",
                condition=~Q(role="student") | Q(password__startswith=UNUSABLE),
                field="password",
                code="student_password",
                message=_("A student has no password."),
            ),
            MERGED_IS_OFF,
            RowRule(
                name="user_email_lower",
                condition=Q(email=Lower("email")),
                field="email",
                code="email_not_lower",
                message=_("An e-mail address is stored in lower case."),
            ),
            RowRule(
                name="user_graduation_year_range",
                condition=Q(graduation_year__gte=1900, graduation_year__lte=2200),
                field="graduation_year",
                code="out_of_range",
                message=_("A graduation year lies between 1900 and 2200."),
            ),
        ]

    presence_rules = (NEVER_OF_ANOTHER,)
    identities = IDENTITIES

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Sessions end when this changes: with the password, as in Django, and with the role.
        credentials = (self.password, self.role, self.is_staff, self.is_superuser)
        return salted_hmac(
            "users.User.session", repr(credentials), secret=secret, algorithm="sha256"
        ).hexdigest()

    def clean_fields(self, exclude: Any = None) -> None:
        self._normalize_student()
        super().clean_fields(exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._normalize_student()
        former = replaced_student_id(self, kwargs.get("update_fields"))
        with transaction.atomic():
            super().save(*args, **kwargs)
            if former:
                # Two may have exchanged theirs: whoever had it last.
                owner = {"user": self}
                FormerStudentID.objects.update_or_create(student_id=former, defaults=owner)

    def _normalize_student(self) -> None:
        self.student_id = self.student_id or None
        # `is_superuser` stays: `user_student_not_staff` refuses a student who has it.
        self.is_staff = self.role != self.Role.STUDENT
        if not self.is_staff:
            # Files and forms know a student by the student ID, and no student logs in.
            self.username = self.student_id or self.username
            if not self.password.startswith(UNUSABLE):
                self.set_unusable_password()


class AuthAssignment(Audited):
    """What Django's own terms say of an account, kept like the roles' table."""

    # Django's models do not say what their natural keys consist of.
    known_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "group": ("group__name",),
        "permission": (
            *("permission__codename", "permission__content_type__app_label"),
            "permission__content_type__model",
        ),
    }

    class Meta(Audited.Meta):
        abstract = True

    @classmethod
    def _paths_of(cls, name: str) -> list[str]:
        return list(cls.known_by.get(name, ())) or super()._paths_of(name)


class GroupMembership(AuthAssignment):
    """That an account is in a group."""

    person_path = "user"
    natural_key_fields = ("user", "group")

    user = models.ForeignKey(
        User, models.PROTECT, related_name="group_memberships", verbose_name=_("person")
    )
    group = models.ForeignKey(
        "auth.Group", models.PROTECT, related_name="memberships", verbose_name=_("group")
    )

    objects = AuditedQuerySet.as_manager()

    class Meta(AuthAssignment.Meta):
        db_table = "users_user_groups"
        verbose_name = _("group membership")
        verbose_name_plural = _("group memberships")
        ordering = ["id"]
        constraints = [
            UniqueRule(
                name="group_membership_unique",
                fields=["user", "group"],
                field="group",
                code="member_already",
                message=_("This person is in the group already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.group}"


class PermissionGrant(AuthAssignment):
    """That an account has a permission of its own."""

    person_path = "user"
    natural_key_fields = ("user", "permission")

    user = models.ForeignKey(
        User, models.PROTECT, related_name="permission_grants", verbose_name=_("person")
    )
    permission = models.ForeignKey(
        "auth.Permission", models.PROTECT, related_name="grants", verbose_name=_("permission")
    )

    objects = AuditedQuerySet.as_manager()

    class Meta(AuthAssignment.Meta):
        db_table = "users_user_user_permissions"
        verbose_name = _("single permission")
        verbose_name_plural = _("single permissions")
        ordering = ["id"]
        constraints = [
            UniqueRule(
                name="permission_grant_unique",
                fields=["user", "permission"],
                field="permission",
                code="granted_already",
                message=_("This person has the permission already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.permission}"


class Profile(Audited):
    """What a person tells about themselves, and how to reach them."""

    course_path = "user__enrollments__course"
    person_path = "user"
    natural_key_fields = ("user",)
    personal = Personal(
        of="user",
        fields=(
            *("pronouns", "date_of_birth", "phone", "address", "city", "country"),
            *("organization", "website"),
        ),
    )

    user = models.OneToOneField(
        User, models.PROTECT, related_name="profile", verbose_name=_("person")
    )
    pronouns = LineField(_("pronouns"), max_length=40, blank=True)
    date_of_birth = models.DateField(_("date of birth"), null=True, blank=True)
    phone = LineField(_("telephone"), max_length=40, blank=True)
    address = ParagraphField(_("postal address"), max_length=500, blank=True)
    city = LineField(_("city"), max_length=100, blank=True)
    country = LineField(_("country"), max_length=100, blank=True)
    organization = LineField(_("organization"), max_length=150, blank=True)
    website = models.URLField(_("website"), blank=True)
    receives_email = models.BooleanField(
        _("receives e-mail"),
        default=True,
        help_text=_("Whether announcements may be sent to the e-mail address."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        ordering = ["id"]
        constraints = [
            RowRule(
                name="profile_website_of_the_web",
                condition=is_web_address("website"),
                field="website",
                code="not_of_the_web",
                message=_("A website begins with https:// or http://."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class EnrollmentQuerySet(AuditedQuerySet):
    """Query words for enrollments."""

    questions: ClassVar[dict[str, Any]] = {
        "left_open": _("active in a course that has ended"),
        "of_people_who_left": _("active, though the account is switched off"),
    }

    def active(self) -> "EnrollmentQuerySet":
        return self.filter(status=Enrollment.Status.ACTIVE)

    def students(self) -> "EnrollmentQuerySet":
        """Those who study, not those who assist or observe."""
        return self.filter(role=Enrollment.Role.STUDENT)

    def left_open(self) -> "EnrollmentQuerySet":
        return self.active().filter(course__ends_on__lt=timezone.now().date())

    def of_people_who_left(self) -> "EnrollmentQuerySet":
        return self.active().filter(student__is_active=False)


class Enrollment(Audited):
    """A person in a course: as what, since when, with what outcome."""

    class Role(models.TextChoices):
        STUDENT = "student", _("student")
        TEACHING_ASSISTANT = "teaching_assistant", _("teaching assistant")
        OBSERVER = "observer", _("observer")

    Status = EnrollmentStatus

    course_path = "course"
    person_path = "student"
    natural_key_fields = ("student", "course")
    history_sought_by = (("course",),)
    set_by_actions = ("status", "withdrawn_on")

    # Neither has an index of its own: the unique pair begins with one, an index with the other.
    student = models.ForeignKey(
        User,
        models.PROTECT,
        related_name="enrollments",
        db_index=False,
        verbose_name=_("student"),
    )
    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        related_name="enrollments",
        db_index=False,
        verbose_name=_("course"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.STUDENT)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.ACTIVE)
    enrolled_on = models.DateField(_("enrolled on"), null=True, blank=True)
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True)
    final_result = LineField(
        _("final result"),
        max_length=50,
        blank=True,
        help_text=_("In the school's words, for example Pass or Distinction."),
    )
    final_grade = models.DecimalField(
        _("final grade"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("In percent, 0 to 100."),
    )
    progress_percent = models.DecimalField(
        _("progress"),
        max_digits=5,
        decimal_places=2,
        default=0,
        help_text=_("In percent, 0 to 100."),
    )
    last_activity_at = models.DateTimeField(_("last activity"), null=True, blank=True)

    objects = EnrollmentQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        ordering = ["-id"]
        # Each ends with the key, so that a list is walked in its order.
        indexes = [
            models.Index(fields=["course", "id"], name="enrollment_course_idx"),
            models.Index(fields=["status", "id"], name="enrollment_status_idx"),
            models.Index(fields=["enrolled_on", "id"], name="enrollment_enrolled_on_idx"),
            # Who assists or observes is little of much.
            models.Index(
                fields=["role", "id"],
                condition=~Q(role="student"),
                name="enrollment_other_role_idx",
            ),
        ]
        constraints = [
            UniqueRule(
                name="enrollment_unique",
                fields=["student", "course"],
                field="student",
                code="already_enrolled",
                message=_("This person is enrolled in this course already."),
            ),
            RowRule(
                name="enrollment_dates_in_order",
                condition=Q(withdrawn_on__gte=F("enrolled_on")),
                field="withdrawn_on",
                code="withdrawn_before_enrolled",
                message=_(
                    "The withdrawal lies before the enrollment. Correct one of the two dates."
                ),
            ),
            RowRule(
                name="enrollment_grade_percent",
                condition=Q(final_grade__gte=0, final_grade__lte=100),
                field="final_grade",
                code="out_of_range",
                message=_("A final grade lies between 0 and 100 percent."),
            ),
            RowRule(
                name="enrollment_progress_percent",
                condition=Q(progress_percent__gte=0, progress_percent__lte=100),
                field="progress_percent",
                code="out_of_range",
                message=_("Progress lies between 0 and 100 percent."),
            ),
        ]

    capacity: ClassVar[CapacityRule] = CapacityRule(
        field="course",
        most="enrollment_limit",
        counted=Q(status="active", role="student"),
        message=_(
            "With this, the course is over its enrollment limit by %(over)d: %(count)d active "
            "students of %(most)d."
        ),
        advice=_("It takes a reason."),
        code="over_limit",
    )
    related_rules = (
        RelatedRule(
            name="enrollment_before_course_end",
            field="enrolled_on",
            condition=Q(enrolled_on__lte=F("course__ends_on")),
            message=_("The enrollment lies after the end of the course. Correct the date."),
            code="enrolled_after_end",
        ),
        RelatedRule(
            name="enrollment_of_a_student",
            field="student",
            condition=Q(student__role="student")
            | Q(role="teaching_assistant")
            | Q(role="observer"),
            message=_("This person is not a student, and can only assist or observe."),
            code="not_a_student",
        ),
    )
    advisories = (
        Advisory(
            name="enrollment_withdrawal_unexpected",
            field="withdrawn_on",
            condition=Q(status="withdrawn") | Q(withdrawn_on__isnull=True),
            message=_("There is a withdrawal date, but the status is not withdrawn."),
            code="withdrawal_date_unexpected",
        ),
        Advisory(
            name="enrollment_withdrawal_undated",
            field="withdrawn_on",
            condition=~Q(status="withdrawn") | Q(withdrawn_on__isnull=False),
            message=_("The status is withdrawn, but there is no withdrawal date."),
            code="withdrawal_date_missing",
        ),
        Advisory(
            name="enrollment_undated",
            field="enrolled_on",
            condition=Q(enrolled_on__isnull=False),
            message=_("There is no enrollment date."),
            code="enrolled_on_missing",
        ),
    )

    def __str__(self) -> str:
        return f"{self.student} – {self.course}"
