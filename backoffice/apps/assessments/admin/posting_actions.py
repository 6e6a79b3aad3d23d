"""Grades are posted and taken back: one on its page, many on the list."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from backoffice.apps.assessments.grading.posting import (
    can_be_posted,
    can_be_taken_back,
    post,
    take_back,
)
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.admin_kit.actions import ActionForm, ReasonForm, RowAction


def _take_back(form: ActionForm, submissions: Any) -> int:
    return take_back(submissions, form.cleaned_data["reason"])


class PostingActionsMixin:
    """The row actions by which students get to see grades, or see them no more."""

    @RowAction(
        _("Post"),
        icon="campaign",
        text=_("The student may see the grade. From now on, a change of it needs a reason."),
        form=ActionForm,
        verb="finalize",
        when=can_be_posted,
        refusal=_("Only a grade that was given, and is not posted, is posted."),
        in_bulk=True,
        many=lambda _form, rows: post(rows),
    )
    def post(self, form: ActionForm, submission: AssessmentSubmission) -> str:
        post([submission])
        return gettext("The grade of %(submission)s is posted.") % {"submission": submission}

    @RowAction(
        _("Take back"),
        icon="undo",
        text=_("The student may see the grade no more, until it is posted again."),
        form=ReasonForm,
        verb="finalize",
        when=can_be_taken_back,
        refusal=_("Only a grade that is posted, and not final, is taken back."),
        in_bulk=True,
        many=_take_back,
    )
    def take_back(self, form: ReasonForm, submission: AssessmentSubmission) -> str:
        take_back([submission], form.cleaned_data["reason"])
        return gettext("The grade of %(submission)s is taken back.") % {"submission": submission}


class PostedFilter(DropdownFilter):
    """Posted work, or graded work that waits for it."""

    title = _("posted")
    # The field it is about: who may not see that gets no filter.
    parameter_name = "posted_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Posted")), ("no", _("Graded, not posted"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(posted_at__isnull=False)
        if self.value() == "no":
            status = AssessmentSubmission.Status.GRADED
            return queryset.filter(status=status, posted_at__isnull=True)
        return queryset
