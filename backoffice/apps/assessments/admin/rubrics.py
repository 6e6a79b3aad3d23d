"""Rubrics, their criteria and levels on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter

from backoffice.admin_site.changelist.columns import course_column, flag_column, two_lines
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.admin_site.pages.related_links import with_link_to
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.versioning import new_version
from backoffice.audit.admin_kit.actions import ActionForm, RowAction
from backoffice.audit.admin_kit.model_admin import (
    AuditedAdmin,
    AuditedTabularInline,
    NextPlaceForm,
    PlacedStackedInline,
)
from backoffice.bulk.export.list_export import ListExport

IN_USE = gettext_lazy(
    "Work was marked by this rubric, so it stays as it is. Changes go into a new version."
)


class InUseGuard:
    """An inline or page whose rows stay as they are once work was marked by the rubric."""

    def _is_used(self, request: HttpRequest, row: Any) -> bool:
        known = request.__dict__.setdefault("_used_rubrics", {})
        whole = row.whole if row is not None and row.pk else None
        if whole is None:
            return False
        if whole.pk not in known:
            known[whole.pk] = whole.is_used
        return known[whole.pk]


class InUseInline(InUseGuard):
    """The parts of a rubric on its form."""

    def _has(self, request: HttpRequest, verb: str, parent: Any = None) -> bool:
        if verb != "view" and self._is_used(request, parent):
            return False
        return super()._has(request, verb, parent)


class InUseAdminMixin(InUseGuard):
    """The page of a rubric or of a part of one; `left_free` names what can be changed always."""

    left_free: tuple[str, ...] = ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The fieldsets; of a rubric in use the first one says why it stands still."""
        fieldsets = super().get_fieldsets(request, obj)
        if not self._is_used(request, obj):
            return fieldsets
        (title, options), *others = fieldsets
        return [(title, options | {"description": IN_USE}), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Of a rubric in use, nothing but that can be changed."""
        fixed = super().get_readonly_fields(request, obj)
        if not self._is_used(request, obj):
            return fixed
        free = (*fixed, *self.left_free)
        return [*fixed, *(name for name in self.stated_fields() if name not in free)]


class LevelInline(InUseInline, AuditedTabularInline):
    """The levels of a criterion."""

    model = RubricLevel
    fields = ("title", "points", "description")
    verbose_name, verbose_name_plural = gettext_lazy("level"), gettext_lazy("levels")
    hide_title = True


class CriterionInline(InUseInline, PlacedStackedInline):
    """The criteria of a rubric, each with its levels."""

    model = RubricCriterion
    verbose_name, verbose_name_plural = gettext_lazy("criterion"), gettext_lazy("criteria")
    fields = (("title", "max_points", "position"), "has_ranges", "description")
    inlines = (LevelInline,)


class CriterionSection(RelatedSection):
    """The criteria below a rubric in its list."""

    related_name = "criteria"
    title = gettext_lazy("Criteria")
    empty = gettext_lazy("No criteria yet. Open the rubric to add the first.")
    columns = ("title", "max_points", "description")
    ordering = ("position",)
    most = 10


@admin.register(GradingRubric)
class GradingRubricAdmin(ListExport, InUseAdminMixin, AuditedAdmin):
    """By what work is marked: criteria, and levels of each."""

    icon = "checklist"
    named_by = ("course",)
    in_palette = True
    empty_hint = gettext_lazy("A rubric says by which criteria work is marked; add the first one.")
    list_display = (
        two_lines(
            gettext_lazy("rubric"),
            "title",
            lambda row: [row.title, _("version %(number)d") % {"number": row.version}],
        ),
        course_column(),
        flag_column(
            "is_active",
            (gettext_lazy("in use"), gettext_lazy("put away")),
            gettext_lazy("state"),
            "success",
        ),
        "created_at",
    )
    list_select_related = ("course",)
    list_filter = (("course", AutocompleteSelectFilter), ("is_active", BooleanRadioFilter))
    list_sections = (CriterionSection,)
    related_lists = ("assessments",)
    search_fields = ("title", "course__code", "course__title")
    search_help_text = gettext_lazy("Title or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("version", "created_at")
    inlines = (CriterionInline,)
    fieldsets = (
        (None, {"fields": ("course", ("title", "version"), "description", "is_active")}),
        (gettext_lazy("Record"), {"classes": ("collapse",), "fields": ("created_at",)}),
    )
    row_actions = ("make_version",)
    left_free = ("is_active",)

    @RowAction(
        gettext_lazy("New version"),
        icon="content_copy",
        text=gettext_lazy(
            "A copy with all criteria and levels, to be changed freely. Work marked so far stays "
            "with this version."
        ),
        form=ActionForm,
        when=lambda row: row.is_active,
        refusal=gettext_lazy("This version was put away; make a new one from the newest."),
    )
    def make_version(self, form: ActionForm, rubric: GradingRubric) -> str:
        """Copy the rubric under the next number."""
        copy = new_version(rubric)
        return with_link_to(copy, _("The new version can be changed:"))


@admin.register(RubricCriterion)
class RubricCriterionAdmin(InUseAdminMixin, AuditedAdmin):
    """Criteria and their levels; found through their rubric."""

    icon = "rule"
    named_by = ("rubric",)
    in_sidebar = False
    empty_hint = gettext_lazy("Criteria are written on the page of their rubric.")
    form = NextPlaceForm
    list_display = ("title", "rubric", "position", "max_points")
    list_select_related = ("rubric",)
    list_filter = (("rubric", AutocompleteSelectFilter),)
    search_fields = ("title", "rubric__title")
    autocomplete_fields = ("rubric",)
    inlines = (LevelInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "rubric",
                    ("title", "max_points", "position"),
                    "has_ranges",
                    "description",
                )
            },
        ),
    )


@admin.register(RubricLevel)
class RubricLevelAdmin(InUseAdminMixin, AuditedAdmin):
    """Levels of criteria; worked on from the rubric."""

    icon = "stairs"
    named_by = ("criterion",)
    in_sidebar = False
    empty_hint = gettext_lazy("Levels are written on the page of their rubric.")
    list_display = ("title", "criterion", "points")
    list_select_related = ("criterion",)
    list_filter = (("criterion", AutocompleteSelectFilter),)
    search_fields = ("title", "criterion__title")
    autocomplete_fields = ("criterion",)
    fieldsets = ((None, {"fields": ("criterion", ("title", "points"), "description")}),)
