"""What the grading desk keeps, on the admin site: saved comments, passages, notes, flags."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.admin_site.changelist.columns import course_column, excerpt_column, person_column
from backoffice.apps.assessments.models import (
    Annotation,
    GradingNote,
    SavedComment,
    SubmissionFlag,
)
from backoffice.audit.admin_kit.model_admin import AuditedAdmin

STUDENT = _("student")
OF_SUBMISSION = ("submission__student", "submission__assessment__course")


class SignedAdmin(AuditedAdmin):
    """Rows that name who wrote them: whoever adds one; what it is about does not change."""

    signed_by: ClassVar[str] = "author"
    about: ClassVar[tuple[str, ...]] = ("submission",)
    in_sidebar = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, *(name for name in self.about if obj is not None and name not in fixed)]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            setattr(obj, self.signed_by, request.user)
        super().save_model(request, obj, form, change)


@admin.register(SavedComment)
class SavedCommentAdmin(SignedAdmin):
    """Comments to use again at the desk."""

    icon = "comment_bank"
    in_sidebar = True
    signed_by, about = "owner", ()
    empty_hint = _("Keep a comment at the grading desk, and it stands here.")
    list_display = (
        excerpt_column("text", _("comment")),
        course_column(none=_("for oneself")),
        "criterion",
        "points",
        "use_count",
    )
    list_select_related = ("course", "criterion")
    list_filter = (("course", AutocompleteSelectFilter),)
    search_fields = ("text",)
    search_help_text = _("Words of the comment")
    autocomplete_fields = ("course", "criterion")
    readonly_fields = ("owner", "use_count")
    fieldsets = ((None, {"fields": ("text", ("course", "criterion"), "points")}),
                 (_("Record"), {"fields": (("owner", "use_count"),)}))  # fmt: skip


@admin.register(Annotation)
class AnnotationAdmin(SignedAdmin):
    """Comments on passages of a text; they are made at the desk."""

    icon = "format_quote"
    about = ("submission", "start", "end", "quoted")
    empty_hint = _("Mark a passage of a text at the grading desk, and comment on it.")
    list_display = (
        person_column("submission__student", STUDENT),
        excerpt_column("quoted", _("passage")),
        excerpt_column("comment", _("comment")),
    )
    list_select_related = OF_SUBMISSION
    list_filter = (("submission", AutocompleteSelectFilter),)
    search_fields = ("comment", "submission__student__search_text")
    autocomplete_fields = ("submission",)
    readonly_fields = ("author",)
    fieldsets = ((None, {"fields": ("submission", ("start", "end"), "quoted", "comment")}),
                 (_("Record"), {"fields": ("author",)}))  # fmt: skip


@admin.register(GradingNote)
class GradingNoteAdmin(SignedAdmin):
    """What graders note for themselves."""

    icon = "sticky_note_2"
    empty_hint = _("Write a private note at the grading desk, and it stands here.")
    list_display = (
        person_column("submission__student", STUDENT),
        excerpt_column("text", _("note")),
        "author",
    )
    list_select_related = (*OF_SUBMISSION, "author")
    search_fields = ("text", "submission__student__search_text")
    autocomplete_fields = ("submission",)
    readonly_fields = ("author",)
    fieldsets = ((None, {"fields": ("submission", "text")}),
                 (_("Record"), {"fields": ("author",)}))  # fmt: skip


@admin.register(SubmissionFlag)
class SubmissionFlagAdmin(SignedAdmin):
    """What graders want a colleague to look at."""

    icon = "flag"
    signed_by = "flagged_by"
    empty_hint = _("Flag a piece of work at the grading desk, and it stands here.")
    list_display = (
        person_column("submission__student", STUDENT),
        excerpt_column("text", _("what to look at")),
        "flagged_by",
        "flagged_at",
    )
    list_select_related = (*OF_SUBMISSION, "flagged_by")
    search_fields = ("text", "submission__student__search_text")
    autocomplete_fields = ("submission",)
    readonly_fields = ("flagged_by", "flagged_at")
    fieldsets = ((None, {"fields": ("submission", "text")}),
                 (_("Record"), {"fields": (("flagged_by", "flagged_at"),)}))  # fmt: skip
