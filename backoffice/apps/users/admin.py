"""People, profiles and enrollments on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
)
from unfold.decorators import display

from backoffice.apps.users.forms import PersonForm
from backoffice.apps.users.models import Enrollment, Profile, User
from backoffice.apps.users.passwords import PasswordPages
from backoffice.audit.model_admin import AuditedAdmin

ENROLLMENT_COLOURS = {
    Enrollment.Status.ACTIVE: "info",
    Enrollment.Status.COMPLETED: "success",
    Enrollment.Status.FAILED: "danger",
    Enrollment.Status.WITHDRAWN: "warning",
}


@admin.register(User)
class PersonAdmin(PasswordPages, AuditedAdmin):
    """Staff and students; a role says what a member of staff may do."""

    icon = "groups"
    form = PersonForm
    list_display = ("shown_name", "student_id", "email", "shown_role", "is_active")
    list_filter = ("role", "is_active", "is_verified")
    search_fields = ("search_text",)
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "student_id", "first_name", "last_name", "email")}),
        (_("Role"), {"fields": ("role", "is_active", "is_verified")}),
        (_("Studies"), {"fields": ("graduation_year", "specialization")}),
        (_("About"), {"fields": ("bio", "avatar", "language", "timezone")}),
        (_("Record"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "student_id", "first_name", "last_name", "email", "role")}),
    )
    add_form = PersonForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new account has no password until one is set."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    @display(description=_("name"), header=True, ordering="username")
    def shown_name(self, person: User) -> list[str]:
        """The name, and the user name below it."""
        return [str(person), person.username]

    @display(description=_("role"), label=True, ordering="role")
    def shown_role(self, person: User) -> str:
        """The role in words."""
        return person.get_role_display()


@admin.register(Profile)
class ProfileAdmin(AuditedAdmin):
    """What a person tells about themselves."""

    icon = "badge"
    list_display = ("user", "city", "country", "organization")
    list_select_related = ("user",)
    list_filter = ("receives_email",)
    search_fields = ("user__search_text", "city")
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)


@admin.register(Enrollment)
class EnrollmentAdmin(AuditedAdmin):
    """Who takes which course, and how it ended."""

    icon = "how_to_reg"
    list_display = (
        "shown_student",
        "course",
        "role",
        "shown_status",
        "enrolled_on",
        "withdrawn_on",
    )
    list_select_related = ("student", "course")
    list_filter = (
        ("course", AutocompleteSelectFilter),
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
    autocomplete_fields = ("student", "course")
    # Staff assist and observe, so a registrar may name them without seeing their pages.
    open_choices = ("student",)
    readonly_fields = ("last_activity_at",)
    fieldsets = (
        (None, {"fields": ("student", "course", "role", "status")}),
        (_("Dates"), {"fields": ("enrolled_on", "withdrawn_on", "last_activity_at")}),
        (_("Result"), {"fields": ("final_result", "final_grade", "progress_percent")}),
    )

    @display(description=_("student"), header=True, ordering="student__username")
    def shown_student(self, enrollment: Enrollment) -> list[str]:
        """The student's name, and the student ID below it."""
        return [str(enrollment.student), enrollment.student.student_id or ""]

    @display(description=_("status"), label=ENROLLMENT_COLOURS, ordering="status")
    def shown_status(self, enrollment: Enrollment) -> tuple[str, str]:
        """The status in its colour."""
        return enrollment.status, enrollment.get_status_display()
