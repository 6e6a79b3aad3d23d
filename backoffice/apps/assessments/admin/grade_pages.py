"""The page that says how a grade came about."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.admin_site.pages.related_links import page_of
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.assessments.provenance import steps_of
from backoffice.audit.admin_kit.model_admin import AuditedAdmin

PAGE = "grade_record"


class GradePageMixin(AuditedAdmin):
    """Gives submissions the page, for whoever may read the history of the very submission."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.grade_record)
        # Before Django's own: its last one takes every address.
        return [path("<path:object_id>/grade-record/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        if not self.has_history_permission(request, row):
            return links
        link = {"title": _("How this grade came about"), "icon": "manage_search"}
        return [*links, link | {"address": page_of(row, PAGE)}]

    def grade_record(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Each value of the grade, the newest first.

        Raises PermissionDenied for whoever may not read the history, Http404 without a submission.
        """
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        self._admit(request, unquote(object_id))
        rows = AssessmentSubmission._base_manager.select_related("assessment__course", "student")
        submission = rows.filter(pk=unquote(object_id)).first()
        if submission is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("How this grade came about"),
            "opts": self.opts,
            "submission": submission,
            "submission_page": page_of(submission),
            "steps": steps_of(submission),
        }
        return TemplateResponse(request, "assessments/grade_record.html", context)
