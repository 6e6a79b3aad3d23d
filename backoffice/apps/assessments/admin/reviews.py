"""Peer reviews on the admin site."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
)

from backoffice.admin_site.changelist.columns import person_column, state_column, two_lines
from backoffice.admin_site.changelist.sections import RelatedSection
from backoffice.apps.assessments.models import PeerReview, PeerReviewScore
from backoffice.apps.assessments.reviewing import give_back, reviewers_among, submit
from backoffice.audit.admin_kit.actions import ReasonForm, RowAction
from backoffice.audit.admin_kit.model_admin import AuditedAdmin, AuditedTabularInline

REVIEW_COLOURS = {PeerReview.Status.ASSIGNED: "warning", PeerReview.Status.SUBMITTED: "success"}


class ReviewScoreInline(AuditedTabularInline):
    """The points a review gives for each criterion."""

    model = PeerReviewScore
    fields = ("criterion", "points", "comment")
    autocomplete_fields = ("criterion",)
    hide_title = True


class ScoreSection(RelatedSection):
    """The points below a review in its list."""

    related_name = "scores"
    title = gettext_lazy("Points by criterion")
    empty = gettext_lazy("No points yet.")
    columns = ("criterion", "points", "comment")
    select_related = ("criterion",)
    ordering = ("criterion__position",)


@admin.register(PeerReview)
class PeerReviewAdmin(AuditedAdmin):
    """Reviews of submissions by fellow students."""

    icon = "rate_review"
    empty_hint = gettext_lazy("A review is assigned to a student, for the work of another one.")
    list_display = (
        person_column("reviewer", gettext_lazy("reviewer")),
        person_column("submission__student", gettext_lazy("work of")),
        two_lines(
            gettext_lazy("assessment"),
            "submission__assessment__code",
            lambda row: [str(row.submission.assessment), row.submission.assessment.code],
        ),
        state_column("status", REVIEW_COLOURS, gettext_lazy("status")),
        "due_date",
        "submitted_at",
    )
    list_select_related = ("submission__student", "submission__assessment", "reviewer")
    list_filter = (
        ("submission", AutocompleteSelectFilter),
        ("reviewer", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        ("due_date", RangeDateTimeFilter),
    )
    list_sections = (ScoreSection,)
    search_fields = ("reviewer__search_text", "submission__student__search_text")
    search_help_text = gettext_lazy("Reviewer or author")
    autocomplete_fields = ("submission", "reviewer")
    readonly_fields = ("assigned_at",)
    inlines = (ReviewScoreInline,)
    row_actions = ("submit", "give_back")
    fieldsets = (
        (None, {"fields": ("submission", "reviewer", "status", "due_date", "feedback")}),
        (
            gettext_lazy("Record"),
            {"classes": ("collapse",), "fields": (("assigned_at", "submitted_at"),)},
        ),
    )

    def choosable(self, request: HttpRequest, db_field: Any) -> Any:
        rows = super().choosable(request, db_field)
        return rows if db_field.name != "reviewer" else reviewers_among(rows, request.user)

    @RowAction(
        gettext_lazy("Mark as submitted"),
        icon="done",
        text=gettext_lazy("The review counts as handed in now."),
        when=lambda review: review.status == PeerReview.Status.ASSIGNED,
        refusal=gettext_lazy("It was submitted already."),
        in_bulk=True,
    )
    def submit(self, form: ReasonForm, review: PeerReview) -> str:
        submit(review)
        return gettext("The review of %(review)s is submitted.") % {"review": review}

    @RowAction(
        gettext_lazy("Give back"),
        icon="undo",
        text=gettext_lazy("The reviewer can change the review, and hands it in again."),
        when=lambda review: review.status == PeerReview.Status.SUBMITTED,
        refusal=gettext_lazy("It was not submitted yet."),
        in_bulk=True,
    )
    def give_back(self, form: ReasonForm, review: PeerReview) -> str:
        give_back(review)
        return gettext("The review of %(review)s is assigned again.") % {"review": review}


@admin.register(PeerReviewScore)
class PeerReviewScoreAdmin(AuditedAdmin):
    """Points of reviews; worked on from the review."""

    icon = "hotel_class"
    in_sidebar = False
    empty_hint = gettext_lazy("Points are given on the page of a review.")
    list_display = (
        person_column("review__reviewer", gettext_lazy("reviewer")),
        "criterion",
        "points",
        "comment",
    )
    list_select_related = ("review__reviewer", "criterion")
    list_filter = (("criterion", AutocompleteSelectFilter),)
    search_fields = ("review__reviewer__search_text", "criterion__title")
    autocomplete_fields = ("review", "criterion")
