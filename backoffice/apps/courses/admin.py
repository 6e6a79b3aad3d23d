"""Courses, their content and progress on the admin site."""

import functools

from django.contrib import admin
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
    flag_column,
    person_column,
    progress_column,
    state_column,
    two_lines,
)
from backoffice.admin_site.changelist.question_filter import QuestionFilter
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.apps.courses.forms import AssignForm
from backoffice.apps.courses.models import (
    Course,
    CourseModule,
    CourseProgress,
    CourseTag,
    CourseTagging,
    Lesson,
    LessonProgress,
)
from backoffice.apps.courses.publishing import archive, assign, publish, redraft
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction
from backoffice.audit.admin_kit.model_admin import (
    AuditedAdmin,
    AuditedTabularInline,
    NextPlaceForm,
    PlacedTabularInline,
)
from backoffice.bulk.export.list_export import ListExport

STATUS = _("status")
COURSE_COLOURS = {
    Course.Status.DRAFT: "warning",
    Course.Status.PUBLISHED: "success",
    Course.Status.ARCHIVED: "default",
}
PROGRESS_COLOURS = {
    LessonProgress.Status.NOT_STARTED: "default",
    LessonProgress.Status.IN_PROGRESS: "info",
    LessonProgress.Status.COMPLETED: "success",
}
PUBLISHED_LABELS = (_("published"), _("draft"))
published_column = flag_column("is_published", PUBLISHED_LABELS, _("state"), "success")
COURSE_COLUMNS = (
    course_column("", _("course")),
    person_column("instructor", _("instructor")),
    state_column("status", COURSE_COLOURS, STATUS),
    "starts_on",
    "ends_on",
)
COURSE_FILTERS = (
    QuestionFilter,
    ("status", ChoicesDropdownFilter),
    ("instructor", AutocompleteSelectFilter),
    ("difficulty_level", ChoicesDropdownFilter),
    ("starts_on", RangeDateFilter),
    ("is_featured", BooleanRadioFilter),
)
COURSE_FIELDS = (
    (
        None,
        {"fields": (("code", "presentation"), "title", "short_description", ("status", "slug"))},
    ),
    (_("Schedule"), {"fields": ("instructor", ("starts_on", "ends_on"), "enrollment_limit")}),
    (
        _("Description"),
        {"classes": ("tab",), "fields": ("description", "learning_objectives", "prerequisites")},
    ),
    (
        _("Level"),
        {
            "classes": ("tab",),
            "fields": (("difficulty_level", "estimated_hours"), ("language", "is_featured")),
        },
    ),
    (_("Record"), {"classes": ("tab",), "fields": (("created_at", "updated_at", "published_at"),)}),
)


StatusAction = functools.partial(RowAction, touches=("status",), in_bulk=True)


class TaggingInline(AuditedTabularInline):
    """The tags of a course."""

    model = CourseTagging
    verbose_name, verbose_name_plural = _("tag"), _("tags")
    autocomplete_fields = ("tag",)
    hide_title = True


class ModuleInline(PlacedTabularInline):
    """The modules of a course, in their order."""

    model = CourseModule
    fields = ("position", "title", "is_published")


class LessonInline(PlacedTabularInline):
    """The lessons of a module, in their order."""

    model = Lesson
    fields = ("position", "title", "lesson_type", "duration_minutes", "is_published")


class ModuleSection(RelatedSection):
    """The modules below a course in its list."""

    related_name = "modules"
    title = _("Modules")
    empty = _("No modules yet. Open the course to add the first.")
    columns = ("title", "position", (_("state"), lambda row: _word(row)))
    ordering = ("position",)
    most = 12


class LessonSection(RelatedSection):
    """The lessons below a module in its list."""

    related_name = "lessons"
    title = _("Lessons")
    empty = _("No lessons yet. Open the module to add the first.")
    columns = ("title", "lesson_type", (_("state"), lambda row: _word(row)))
    ordering = ("position",)
    most = 12


def _word(row: CourseModule | Lesson) -> str:
    return str(PUBLISHED_LABELS[0] if row.is_published else PUBLISHED_LABELS[1])


class StatusActionsMixin:
    """The row actions `publish`, `archive` and `redraft` of courses."""

    @StatusAction(
        _("Publish"),
        icon="publish",
        text=_("The people enrolled see the course from now on."),
        form=ActionForm,
        when=lambda course: course.status != Course.Status.PUBLISHED,
        refusal=_("The course is published already."),
    )
    def publish(self, form: ActionForm, course: Course) -> str:
        publish(course)
        return gettext("%(course)s is published.") % {"course": course}

    @StatusAction(
        _("Archive"),
        icon="archive",
        text=_("Everything in the course stays and can be read."),
        when=lambda course: course.status != Course.Status.ARCHIVED,
        refusal=_("The course is archived already."),
    )
    def archive(self, form: ReasonForm, course: Course) -> str:
        archive(course)
        return gettext("%(course)s is archived.") % {"course": course}

    @StatusAction(
        _("Back to draft"),
        icon="edit_note",
        text=_("The people enrolled no longer see the course until it is published again."),
        when=lambda course: course.status != Course.Status.DRAFT,
        refusal=_("The course is a draft already."),
    )
    def redraft(self, form: ReasonForm, course: Course) -> str:
        redraft(course)
        return gettext("%(course)s is a draft again.") % {"course": course}


@admin.register(Course)
class CourseAdmin(StatusActionsMixin, ListExport, AuditedAdmin):
    """Courses, one for each presentation."""

    icon = "school"
    in_palette = True
    empty_hint = _("Bring courses in from a file, or add the first one here.")
    list_display = COURSE_COLUMNS
    list_select_related = ("instructor",)
    list_filter = COURSE_FILTERS
    list_sections = (ModuleSection,)
    related_lists = ("enrollments", "assessments", "rubrics", "forums", "announcements")
    search_fields = ("code", "presentation", "title")
    search_help_text = _("Code, presentation or title")
    autocomplete_fields = open_choices = ("instructor",)
    readonly_fields = ("created_at", "updated_at")
    inlines = (ModuleInline, TaggingInline)
    fieldsets = COURSE_FIELDS
    row_actions = ("publish", "archive", "redraft", "assign_instructor")

    @RowAction(
        _("Assign instructor"),
        icon="assignment_ind",
        text=_("The new instructor has the course at once, the old one no longer."),
        form=AssignForm,
        touches=("instructor",),
        in_bulk=True,
    )
    def assign_instructor(self, form: AssignForm, course: Course) -> str:
        person = form.cleaned_data["instructor"]
        assign(course, person)
        return gettext("%(person)s now teaches %(course)s.") % {"person": person, "course": course}


@admin.register(CourseModule)
class CourseModuleAdmin(AuditedAdmin):
    """Modules of courses, with their lessons."""

    icon = "view_agenda"
    named_by = ("course",)
    form = NextPlaceForm
    empty_hint = _("A course is divided into modules: weeks, units, chapters.")
    list_display = ("title", course_column(), "position", published_column)
    list_select_related = ("course",)
    list_filter = (("course", AutocompleteSelectFilter), ("is_published", BooleanRadioFilter))
    list_sections = (LessonSection,)
    search_fields = ("title", "course__code", "course__title")
    search_help_text = _("Title or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("created_at",)
    inlines = (LessonInline,)
    fieldsets = (
        (None, {"fields": ("course", ("title", "position"), "description", "is_published")}),
        (_("Record"), {"classes": ("collapse",), "fields": ("created_at",)}),
    )


@admin.register(Lesson)
class LessonAdmin(AuditedAdmin):
    """Lessons of modules."""

    icon = "menu_book"
    named_by = ("module",)
    form = NextPlaceForm
    empty_hint = _("Lessons stand in modules; add the module first.")
    list_display = (
        two_lines(
            _("lesson"), "title", lambda lesson: [lesson.title, lesson.get_lesson_type_display()]
        ),
        "module",
        course_column("module__course"),
        "position",
        published_column,
    )
    list_select_related = ("module__course",)
    list_filter = (
        ("module", AutocompleteSelectFilter),
        ("lesson_type", ChoicesDropdownFilter),
        ("is_published", BooleanRadioFilter),
    )
    search_fields = ("title", "module__title", "module__course__code")
    search_help_text = _("Title, module or course")
    autocomplete_fields = ("module",)
    readonly_fields = ("created_at",)
    conditional_fields = {"video_url": "lesson_type == 'video'"}
    fieldsets = (
        (None, {"fields": (("module", "position"), "title", ("lesson_type", "duration_minutes"))}),
        (_("Content"), {"fields": ("video_url", "content", "is_published")}),
        (_("Record"), {"classes": ("collapse",), "fields": ("created_at",)}),
    )


@admin.register(CourseTag)
class CourseTagAdmin(AuditedAdmin):
    """Words by which courses are found."""

    icon = "sell"
    empty_hint = _("A tag is a word by which courses are found, such as “science”.")
    list_display = ("name", "description")
    related_lists = ("taggings",)
    search_fields = ("name",)


@admin.register(CourseTagging)
class CourseTaggingAdmin(AuditedAdmin):
    """Which course has which tag; worked on from the course."""

    icon = "school"
    in_sidebar = False
    empty_hint = _("Courses get their tags on their own page.")
    list_display = (course_column(), "tag")
    list_select_related = ("course", "tag")
    list_filter = (("tag", AutocompleteSelectFilter), ("course", AutocompleteSelectFilter))
    search_fields = ("course__code", "course__title", "tag__name")
    autocomplete_fields = ("course", "tag")


@admin.register(LessonProgress)
class LessonProgressAdmin(AuditedAdmin):
    """How far students are in lessons."""

    icon = "trending_up"
    empty_hint = _("Progress comes in with the activity of students.")
    list_display = (
        person_column("enrollment__student", _("student")),
        course_column("enrollment__course"),
        "lesson",
        state_column("status", PROGRESS_COLOURS, STATUS),
        progress_column("percent"),
        "completed_at",
    )
    list_select_related = ("enrollment__student", "enrollment__course", "lesson")
    list_filter = (
        ("lesson", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        ("percent", RangeNumericFilter),
    )
    search_fields = ("enrollment__student__search_text", "lesson__title")
    search_help_text = _("Student or lesson")
    autocomplete_fields = ("enrollment", "lesson")


@admin.register(CourseProgress)
class CourseProgressAdmin(AuditedAdmin):
    """How far students are in courses."""

    icon = "moving"
    empty_hint = _("Progress comes in with the activity of students.")
    list_display = (
        person_column("enrollment__student", _("student")),
        course_column("enrollment__course"),
        progress_column("percent"),
        two_lines(
            _("lessons"),
            "lessons_completed",
            lambda row: [f"{row.lessons_completed} / {row.lessons_total}", ""],
        ),
        "updated_at",
    )
    list_select_related = ("enrollment__student", "enrollment__course")
    list_filter = (("percent", RangeNumericFilter),)
    search_fields = ("enrollment__student__search_text", "enrollment__course__code")
    search_help_text = _("Student or course")
    autocomplete_fields = ("enrollment",)
    readonly_fields = ("updated_at",)
