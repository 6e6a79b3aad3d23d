"""The page on which an instructor compares two works of one person, and chooses one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import date, floatformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions.visibility import is_permitted
from backoffice.apps.assessments.choosing import NOT_DOUBLE, chosen_of, double_of
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.access_log.log import record_look
from backoffice.audit.admin_kit.model_admin import AuditedAdmin

PAGE = "two_works"
TITLE = gettext_lazy("One person, two works")


@dataclass(frozen=True)
class WorkColumn:
    """One of the two works, as the page shows it."""

    work: AssessmentSubmission
    is_chosen: bool
    page: str
    choose: str

    @property
    def facts(self) -> Iterator[tuple[str, Any]]:
        """What it is, by name."""
        work, moment = self.work, "Y-m-d H:i"
        score = None if work.score is None else floatformat(work.score, -2)
        maximum = floatformat(work.maximum, -2)
        yield _("Student ID"), work.student.student_id
        yield _("Status"), work.get_status_display()
        yield _("Score"), None if score is None else f"{score} / {maximum}"
        yield _("Handed in"), date(work.submitted_at, moment)
        yield _("Late"), _("yes") if work.is_late else _("no")
        yield _("Graded by"), work.grader
        yield _("Peer reviews"), work.peer_reviews.count()

    @property
    def answers(self) -> models.QuerySet[Any]:
        return self.work.responses.select_related("question").order_by("question__position", "pk")

    @property
    def points(self) -> models.QuerySet[Any]:
        rows = self.work.criterion_scores.select_related("criterion")
        return rows.order_by("criterion__position", "pk")


class TwoWorksMixin(AuditedAdmin):
    """Gives submissions the page, for whoever chooses between the two."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.two_works)
        # Before Django's own: its last one takes every address.
        return [path("<path:object_id>/two-works/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        submission = cast(AssessmentSubmission, row)
        if double_of(submission) is None or not _may_choose(request, submission):
            return links
        return [*links, {"title": TITLE, "icon": "rule", "address": page_of(row, PAGE)}]

    def two_works(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Both works side by side. Raises PermissionDenied for whoever may not choose."""
        submission = self.get_object(request, unquote(object_id))
        is_read = request.method in ("GET", "HEAD")
        if submission is None or not is_read or not _may_choose(request, submission):
            raise PermissionDenied
        double = double_of(submission)
        context = {
            **self.admin_site.each_context(request),
            "title": TITLE,
            "opts": self.opts,
            "original": submission,
            "submission": submission,
            "empty": NOT_DOUBLE,
            "columns": _columns(request, submission, double) if double else [],
        }
        return TemplateResponse(request, "assessments/two_works.html", context)


def _may_choose(request: HttpRequest, submission: AssessmentSubmission) -> bool:
    return is_permitted(submission, request.user, "finalize")


def _columns(request: HttpRequest, submission: Any, double: Any) -> list[WorkColumn]:
    """The two works, the one that is asked about first."""
    approval, pair = double
    chosen = chosen_of(approval, pair)
    works = sorted((pair.own, pair.other), key=lambda work: work.pk != submission.pk)
    record_look(request, works[1])
    return [
        WorkColumn(work, work.pk == chosen, page_of(work), page_of(work, "choose_work"))
        for work in works
    ]
