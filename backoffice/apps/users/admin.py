"""People, profiles and enrollments on the admin site."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
)

from backoffice.admin_site.changelist.columns import (
    course_column,
    person_column,
    progress_column,
    state_column,
)
from backoffice.admin_site.changelist.question_filter import QuestionFilter
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.admin_site.permissions.admin_access import fieldsets_with
from backoffice.apps.users.enrollments.actions import EnrollmentActionsMixin
from backoffice.apps.users.enrollments.enrolling import excess_sentence
from backoffice.apps.users.enrollments.rosters import RosterHeadMixin
from backoffice.apps.users.forms import EnrollmentForm, PersonForm, RoleForm
from backoffice.apps.users.identities.former_ids_admin import FormerIDsMixin
from backoffice.apps.users.identities.similar_people import SimilarPersonMixin
from backoffice.apps.users.merging.pages import MergeMixin
from backoffice.apps.users.models import (
    Enrollment,
    FormerStudentID,
    GroupMembership,
    PermissionGrant,
    Profile,
    SectionMembership,
    User,
)
from backoffice.apps.users.passwords import CredentialActionsMixin
from backoffice.apps.users.promoting import request_role
from backoffice.audit.admin_kit.actions import RowAction
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.admin_kit.read_only import LookedAtMixin
from backoffice.audit.admin_kit.reasons import FIELD
from backoffice.bulk.export.list_export import ListExport

ENROLLMENT_COLOURS = {
    Enrollment.Status.ACTIVE: "info",
    Enrollment.Status.COMPLETED: "success",
    Enrollment.Status.FAILED: "danger",
    Enrollment.Status.WITHDRAWN: "warning",
}
ROLE_COLOURS = {
    User.Role.ADMIN: "danger",
    User.Role.REGISTRAR: "warning",
    User.Role.INSTRUCTOR: "info",
    User.Role.AUDITOR: "primary",
}

RELATED_TITLES = {"taught_courses": _("Courses taught"), "looks": _("Who looked at this")}
PERSON_NAMES = (("first_name", "last_name"), ("username", "student_id"))
PERSON_FIELDS = (
    (None, {"fields": (*PERSON_NAMES, "former_student_ids", "email")}),
    (_("Account"), {"fields": ("role", ("is_active", "is_verified"), "display_credentials")}),
    (_("Studies"), {"classes": ("tab",), "fields": (("graduation_year", "specialization"),)}),
    (_("About"), {"classes": ("tab",), "fields": ("bio", "avatar", ("language", "timezone"))}),
    (_("Record"), {"classes": ("tab",), "fields": (("last_login", "date_joined"),)}),
)

ENROLLMENT_FIELDS = (
    (None, {"fields": ("student", "course", ("role", "status"))}),
    (_("Dates"), {"fields": (("enrolled_on", "withdrawn_on"), "last_activity_at")}),
    (_("Result"), {"fields": (("final_result", "final_grade"), "progress_percent")}),
)

NEW_PERSON_FIELDS = (
    (None, {"fields": (("first_name", "last_name"), "role", ("student_id", "username"), "email")}),
)

ENROLLMENT_COLUMNS = (
    person_column("student", _("student")),
    course_column(),
    "role",
    state_column("status", ENROLLMENT_COLOURS, _("status")),
    "enrolled_on",
    progress_column("progress_percent"),
    "final_result",
)


class EnrollmentSection(RelatedSection):
    """The courses below a person in the list of people."""

    related_name = "enrollments"
    title = _("Courses")
    empty = _("Enrolled in no course.")
    columns = ("course", "role", "status", "enrolled_on", "final_result")
    select_related = ("course",)
    ordering = ("-enrolled_on", "-id")


@admin.register(User)
class PersonAdmin(
    *(MergeMixin, SimilarPersonMixin, FormerIDsMixin, CredentialActionsMixin),
    *(ListExport, AuditedAdmin),
):
    """Staff and students; a role says what a member of staff may do."""

    icon = "groups"
    named_by = ("username",)
    in_palette = True
    empty_hint = _("Bring people in from a file, or add the first one here.")
    form = add_form = PersonForm
    list_display = (
        person_column(label=_("name")),
        "email",
        state_column("role", ROLE_COLOURS, _("role")),
        "is_active",
        "last_login",
    )
    list_filter = (
        ("role", ChoicesDropdownFilter),
        ("is_active", BooleanRadioFilter),
        ("is_verified", BooleanRadioFilter),
        ("graduation_year", RangeNumericFilter),
    )
    list_sections = (EnrollmentSection,)
    related_lists = ("enrollments", "taught_courses", "group_memberships", "looks")
    related_titles = RELATED_TITLES
    search_fields = ("search_text",)
    search_help_text = _("Name, username, student ID or e-mail")
    readonly_fields = (
        *("role", "former_student_ids", "display_credentials", "last_login", "date_joined"),
    )
    filter_horizontal = ()
    fieldsets = PERSON_FIELDS
    add_fieldsets = NEW_PERSON_FIELDS
    actions_detail = ("merge", *CredentialActionsMixin.actions_detail)
    row_actions = ("change_role", *CredentialActionsMixin.detail_only, "request_unmerge")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = super().get_readonly_fields(request, obj)
        # Chosen for a new person; afterwards a role takes two people, by `change_role`.
        return fixed if obj else [name for name in fixed if name != "role"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            # An account of staff waits for a second admin to agree.
            obj.set_unusable_password()
            obj.is_active = obj.role == User.Role.STUDENT or request.user.is_superuser
        super().save_model(request, obj, form, change)
        if not change and not obj.is_active:
            request_role(obj, obj.role, request.user, gettext("A new account of staff."))
            self.message_user(request, gettext("The account works once another admin approves it."))

    @RowAction(
        _("Change role"),
        icon="manage_accounts",
        text=_("Another admin has to agree before the role changes."),
        form=RoleForm,
        submit=_("Ask for it"),
        touches=("role",),
    )
    def change_role(self, form: RoleForm, person: User) -> str:
        cleaned = form.cleaned_data
        approval = request_role(person, cleaned["role"], form.request.user, cleaned["reason"])
        return gettext("Asked for: %(what)s. It waits for another admin.") % {"what": approval}


@admin.register(FormerStudentID)
class FormerStudentIDAdmin(AuditedAdmin):
    """Which student IDs people had before; whoever searches one finds the person."""

    icon = "badge"
    in_sidebar = False
    empty_hint = _("A student ID comes here when another one replaces it.")
    list_display = ("student_id", person_column("user"), "replaced_at")
    list_select_related = ("user",)
    list_filter = (("user", AutocompleteSelectFilter),)
    search_fields = ("search_text", "user__search_text")
    autocomplete_fields = ("user",)
    readonly_fields = ("replaced_at",)


@admin.register(GroupMembership)
class GroupMembershipAdmin(AuditedAdmin):
    """Which account is in which of Django's groups; they follow the role."""

    icon = "group"
    in_sidebar = False
    empty_hint = _("Accounts of staff come into the group of their role by themselves.")
    list_display = (person_column("user"), "group")
    list_select_related = ("user", "group")
    list_filter = (("user", AutocompleteSelectFilter),)
    search_fields = ("user__search_text",)
    autocomplete_fields = ("user",)


@admin.register(PermissionGrant)
class PermissionGrantAdmin(AuditedAdmin):
    """Which account has which of Django's permissions of its own; nothing here asks for one."""

    icon = "key"
    in_sidebar = False
    empty_hint = _("Nobody needs one: what a person may do here follows from the role.")
    list_display = (person_column("user"), "permission")
    list_select_related = ("user", "permission__content_type")
    list_filter = (("user", AutocompleteSelectFilter),)
    search_fields = ("user__search_text",)
    autocomplete_fields = ("user",)

    def choosable(self, request: HttpRequest, db_field: Any) -> Any:
        rows = super().choosable(request, db_field)
        # A permission's name begins with that of its content type.
        return rows.select_related("content_type") if db_field.name == "permission" else rows


@admin.register(Profile)
class ProfileAdmin(AuditedAdmin):
    """What a person tells about themselves."""

    icon = "badge"
    empty_hint = _("A profile holds what a person tells about themselves.")
    list_display = (person_column("user"), "city", "country", "organization")
    list_select_related = ("user",)
    list_filter = (("receives_email", BooleanRadioFilter),)
    search_fields = ("user__search_text", "city")
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)
    fieldsets = (
        (None, {"fields": ("user", ("pronouns", "date_of_birth"))}),
        (
            _("How to reach them"),
            {"fields": ("phone", "address", ("city", "country"), "website", "receives_email")},
        ),
        (_("Work"), {"fields": ("organization", "created_at")}),
    )


@admin.register(Enrollment)
class EnrollmentAdmin(EnrollmentActionsMixin, RosterHeadMixin, ListExport, AuditedAdmin):
    """Who takes which course, and how it ended; narrowed to a course, its roster."""

    icon = "how_to_reg"
    empty_hint = _("Enrollments come in from a file, or one by one.")
    list_display = ENROLLMENT_COLUMNS
    list_select_related = ("student", "course")
    list_filter = (
        QuestionFilter,
        ("course", AutocompleteSelectFilter),
        ("student", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        ("role", ChoicesDropdownFilter),
        ("enrolled_on", RangeDateFilter),
    )
    search_fields = (
        "student__search_text",
        "course__code",
        "course__presentation",
        "course__title",
    )
    search_help_text = _("Name, student ID, course")
    autocomplete_fields = ("student", "course")
    # Staff assist and observe, so a registrar may name them without seeing their pages.
    open_choices = ("student",)
    readonly_fields = ("last_activity_at",)
    fieldsets = ENROLLMENT_FIELDS
    form = EnrollmentForm
    related_lists = ("sections",)
    row_actions = ("withdraw", "reinstate", "complete", "fail", "reopen", "redate")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"enrolled_on": timezone.localdate()} | super().get_changeform_initial_data(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # The form shows it where the course turned out to be full.
        return fieldsets_with(request, super().get_fieldsets(request, obj), FIELD)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.excess:
            self.message_user(request, excess_sentence(obj.excess), messages.WARNING)


@admin.register(SectionMembership)
class SectionMembershipAdmin(LookedAtMixin, AuditedAdmin):
    """What the files of other systems say of the sections of an enrollment; to look at."""

    icon = "call_merge"
    in_sidebar = False
    empty_hint = _("Files of Canvas and OneRoster say in which sections of a course people are.")
    list_display = (
        person_column("enrollment__student", _("student")),
        course_column("enrollment__course"),
        "section",
        "system",
        state_column("status", ENROLLMENT_COLOURS, _("status")),
        "enrolled_on",
        "withdrawn_on",
    )
    list_select_related = ("enrollment__student", "enrollment__course")
    list_filter = (
        ("enrollment", AutocompleteSelectFilter),
        ("system", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
    )
    search_fields = ("section", "enrollment__student__search_text")
    search_help_text = _("Section, name, student ID")
    fields = (
        "enrollment",
        ("system", "section"),
        "status",
        ("enrolled_on", "withdrawn_on"),
    )
