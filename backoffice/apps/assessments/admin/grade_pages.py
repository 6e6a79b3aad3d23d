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
from backoffice.apps.assessments.provenance import steps_of

PAGE = "grade_record"


class GradeHistoryMixin:
    """Gives submissions the page, for whoever may read the history of the very submission."""

    def get_urls(self) -> list[URLPattern]:
        """The page before Django's own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.grade_record)
        return [path("<path:object_id>/grade-record/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        """From the form to the page."""
        if not self.has_history_permission(request, row):
            return []
        link = {"title": _("How this grade came about"), "icon": "manage_search"}
        return [link | {"address": page_of(row, PAGE)}]

    def grade_record(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Each value of the grade, the newest first."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        self._admit(request, unquote(object_id))
        rows = self.model._base_manager.select_related("assessment__course", "student")
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
