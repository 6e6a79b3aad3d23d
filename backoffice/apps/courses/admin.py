"""Courses, their content and progress on the admin site."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.apps.courses.models import (
    Course,
    CourseModule,
    CourseProgress,
    CourseTag,
    CourseTagging,
    Lesson,
    LessonProgress,
)
from backoffice.audit.model_admin import AuditedAdmin, AuditedTabularInline

COURSE_COLOURS = {
    Course.Status.DRAFT: "warning",
    Course.Status.PUBLISHED: "success",
    Course.Status.ARCHIVED: "info",
}


class TaggingInline(AuditedTabularInline):
    """The tags of a course."""

    model = CourseTagging
    autocomplete_fields = ("tag",)


class ModuleInline(AuditedTabularInline):
    """The modules of a course."""

    model = CourseModule
    fields = ("position", "title", "is_published")


class LessonInline(AuditedTabularInline):
    """The lessons of a module."""

    model = Lesson
    fields = ("position", "title", "lesson_type", "duration_minutes", "is_published")


@admin.register(Course)
class CourseAdmin(AuditedAdmin):
    """Courses, one for each presentation."""

    icon = "school"
    list_display = ("shown_course", "instructor", "shown_status", "starts_on", "ends_on")
    list_select_related = ("instructor",)
    list_filter = ("status", "difficulty_level", "is_featured")
    search_fields = ("code", "presentation", "title")
    autocomplete_fields = ("instructor",)
    open_choices = ("instructor",)
    readonly_fields = ("created_at", "updated_at", "published_at")
    inlines = (ModuleInline, TaggingInline)
    fieldsets = (
        (None, {"fields": ("code", "presentation", "title", "slug", "status", "instructor")}),
        (_("Schedule"), {"fields": ("starts_on", "ends_on", "enrollment_limit")}),
        (
            _("Description"),
            {
                "fields": (
                    "short_description",
                    "description",
                    "learning_objectives",
                    "prerequisites",
                )
            },
        ),
        (
            _("Level"),
            {"fields": ("difficulty_level", "estimated_hours", "language", "is_featured")},
        ),
        (_("Record"), {"fields": ("created_at", "updated_at", "published_at")}),
    )

    @display(description=_("course"), header=True, ordering="code")
    def shown_course(self, course: Course) -> list[str]:
        """The title, and code and presentation below it."""
        name = f"{course.code} · {course.presentation}"
        return [course.title or name, name if course.title else ""]

    @display(description=_("status"), label=COURSE_COLOURS, ordering="status")
    def shown_status(self, course: Course) -> tuple[str, str]:
        """The status in its colour."""
        return course.status, course.get_status_display()


@admin.register(CourseModule)
class CourseModuleAdmin(AuditedAdmin):
    """Modules of courses."""

    icon = "view_agenda"
    list_display = ("title", "course", "position", "is_published")
    list_select_related = ("course",)
    list_filter = ("is_published",)
    search_fields = ("title", "course__code")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_at",)
    inlines = (LessonInline,)


@admin.register(Lesson)
class LessonAdmin(AuditedAdmin):
    """Lessons of modules."""

    icon = "menu_book"
    list_display = ("title", "module", "lesson_type", "position", "is_published")
    list_select_related = ("module__course",)
    list_filter = ("lesson_type", "is_published")
    search_fields = ("title", "module__title")
    autocomplete_fields = ("module",)
    readonly_fields = ("created_at",)


@admin.register(CourseTag)
class CourseTagAdmin(AuditedAdmin):
    """Words by which courses are found."""

    icon = "sell"
    list_display = ("name", "description")
    search_fields = ("name",)


@admin.register(CourseTagging)
class CourseTaggingAdmin(AuditedAdmin):
    """Which course has which tag; worked on from the course."""

    icon = "new_label"
    in_sidebar = False
    list_display = ("course", "tag")
    list_select_related = ("course", "tag")
    search_fields = ("course__code", "tag__name")
    autocomplete_fields = ("course", "tag")


@admin.register(LessonProgress)
class LessonProgressAdmin(AuditedAdmin):
    """How far students are in lessons."""

    icon = "trending_up"
    list_display = ("enrollment", "lesson", "status", "percent", "completed_at")
    list_select_related = ("enrollment__student", "enrollment__course", "lesson__module__course")
    list_filter = ("status",)
    search_fields = ("enrollment__student__username", "lesson__title")
    autocomplete_fields = ("enrollment", "lesson")


@admin.register(CourseProgress)
class CourseProgressAdmin(AuditedAdmin):
    """How far students are in courses."""

    icon = "moving"
    list_display = ("enrollment", "percent", "lessons_completed", "lessons_total", "updated_at")
    list_select_related = ("enrollment__student", "enrollment__course")
    search_fields = ("enrollment__student__username", "enrollment__course__code")
    autocomplete_fields = ("enrollment",)
    readonly_fields = ("updated_at",)
