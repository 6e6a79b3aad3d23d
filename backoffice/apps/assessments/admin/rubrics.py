"""Rubrics, their criteria and levels on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter

from backoffice.admin_site.changelist.columns import course_column, flag_column, two_lines
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.admin_site.pages.related_links import with_link_to
from backoffice.admin_site.permissions.admin_access import InlineAccess
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.rubrics import PartOfRubric
from backoffice.apps.assessments.versioning import new_version
from backoffice.audit.admin_kit.actions import ActionForm, RowAction
from backoffice.audit.admin_kit.model_admin import (
    AuditedAdmin,
    AuditedTabularInline,
    NextPlaceForm,
    PlacedStackedInline,
)
from backoffice.bulk.export.list_export import ListExport

IN_USE = _("Work was marked by this rubric, so it stays as it is. Changes go into a new version.")


def _is_used(request: HttpRequest, row: PartOfRubric | None) -> bool:
    # Forms and inlines ask this for every right and field, so a request asks the database once.
    known: dict[int, bool] = request.__dict__.setdefault("_used_rubrics", {})
    rubric = row.whole if row is not None and row.pk else None
    if rubric is None:
        return False
    if rubric.pk not in known:
        known[rubric.pk] = rubric.is_used
    return known[rubric.pk]


class InUseInline(InlineAccess):
    """Parts of a rubric on a form: none is added, changed or deleted once work was marked by it."""

    def _has(self, request: HttpRequest, verb: str, parent: Any = None) -> bool:
        is_fixed = verb != "view" and _is_used(request, parent)
        return not is_fixed and super()._has(request, verb, parent)


class InUseAdmin(AuditedAdmin):
    """The page of a rubric or of a part of one; `left_free` names what can be changed always."""

    left_free: tuple[str, ...] = ()

    def get_fieldsets(self, request: HttpRequest, obj: PartOfRubric | None = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        if not _is_used(request, obj):
            return fieldsets
        (title, options), *others = fieldsets
        return [(title, options | {"description": IN_USE}), *others]

    def get_readonly_fields(
        self, request: HttpRequest, obj: PartOfRubric | None = None
    ) -> list[str]:
        fixed: list[str] = super().get_readonly_fields(request, obj)
        if not _is_used(request, obj):
            return fixed
        free = (*fixed, *self.left_free)
        return [*fixed, *(name for name in self.stated_fields() if name not in free)]


class LevelInline(InUseInline, AuditedTabularInline):
    """The levels of a criterion."""

    model = RubricLevel
    fields = ("title", "points", "description")
    verbose_name, verbose_name_plural = _("level"), _("levels")
    hide_title = True


class CriterionInline(InUseInline, PlacedStackedInline):
    """The criteria of a rubric, each with its levels."""

    model = RubricCriterion
    verbose_name, verbose_name_plural = _("criterion"), _("criteria")
    fields = (("title", "max_points", "position"), "has_ranges", "description")
    inlines = (LevelInline,)


class CriterionSection(RelatedSection):
    """The criteria below a rubric in its list."""

    related_name = "criteria"
    title = _("Criteria")
    empty = _("No criteria yet. Open the rubric to add the first.")
    columns = ("title", "max_points", "description")
    ordering = ("position",)
    most = 10


@admin.register(GradingRubric)
class GradingRubricAdmin(ListExport, InUseAdmin):
    """By what work is marked: criteria, and levels of each."""

    icon = "checklist"
    named_by = ("course",)
    in_palette = True
    empty_hint = _("A rubric says by which criteria work is marked; add the first one.")
    list_display = (
        two_lines(
            _("rubric"),
            "title",
            lambda row: [row.title, gettext("version %(number)d") % {"number": row.version}],
        ),
        course_column(),
        flag_column("is_active", (_("in use"), _("put away")), _("state"), "success"),
        "created_at",
    )
    list_select_related = ("course",)
    list_filter = (("course", AutocompleteSelectFilter), ("is_active", BooleanRadioFilter))
    list_sections = (CriterionSection,)
    related_lists = ("assessments",)
    search_fields = ("title", "course__code", "course__title")
    search_help_text = _("Title or course")
    autocomplete_fields = ("course",)
    readonly_fields = ("version", "created_at")
    inlines = (CriterionInline,)
    fieldsets = (
        (None, {"fields": ("course", ("title", "version"), "description", "is_active")}),
        (_("Record"), {"classes": ("collapse",), "fields": ("created_at",)}),
    )
    row_actions = ("make_version",)
    left_free = ("is_active",)

    @RowAction(
        _("New version"),
        icon="content_copy",
        text=_(
            "A copy with all criteria and levels, to be changed freely. Work marked so far stays "
            "with this version."
        ),
        form=ActionForm,
        when=lambda row: row.is_active,
        refusal=_("This version was put away; make a new one from the newest."),
    )
    def make_version(self, form: ActionForm, rubric: GradingRubric) -> str:
        return with_link_to(new_version(rubric), gettext("The new version can be changed:"))


@admin.register(RubricCriterion)
class RubricCriterionAdmin(InUseAdmin):
    """Criteria and their levels; found through their rubric."""

    icon = "rule"
    named_by = ("rubric",)
    in_sidebar = False
    empty_hint = _("Criteria are written on the page of their rubric.")
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
class RubricLevelAdmin(InUseAdmin):
    """Levels of criteria; worked on from the rubric."""

    icon = "stairs"
    named_by = ("criterion",)
    in_sidebar = False
    empty_hint = _("Levels are written on the page of their rubric.")
    list_display = ("title", "criterion", "points")
    list_select_related = ("criterion",)
    list_filter = (("criterion", AutocompleteSelectFilter),)
    search_fields = ("title", "criterion__title")
    autocomplete_fields = ("criterion",)
    fieldsets = ((None, {"fields": ("criterion", ("title", "points"), "description")}),)
