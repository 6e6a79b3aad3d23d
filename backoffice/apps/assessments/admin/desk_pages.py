"""The addresses of the grading desk, below those of its assessment."""

from typing import Any, cast

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.apps.assessments.admin import desk_views
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.admin_kit.model_admin import AuditedAdmin


class DeskPagesMixin(AuditedAdmin):
    """Gives assessments the desk, for whoever may read all of the work."""

    def get_urls(self) -> list[URLPattern]:
        views = (
            ("<int:submission_id>/<str:part>/", self.desk_part, desk_views.PART),
            ("<int:submission_id>/", self.desk_work, desk_views.WORK),
            ("", self.desk, desk_views.PAGE),
        )
        own = [
            path(
                f"<path:object_id>/desk/{end}",
                self.admin_site.admin_view(view),
                name=desk_views.named(page),
            )
            for end, view, page in views
        ]
        # Before Django's own: its last one takes every address.
        return [*own, *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        if not desk_views.may_read_work(request):
            return links
        link = {"title": _("Grading desk"), "icon": "grading"}
        return [*links, link | {"address": page_of(row, desk_views.PAGE)}]

    def desk(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return desk_views.show_queue(request, object_id)

    def desk_work(self, request: HttpRequest, object_id: str, submission_id: int) -> HttpResponse:
        return desk_views.show_work(request, object_id, submission_id)

    def desk_part(
        self, request: HttpRequest, object_id: str, submission_id: int, part: str
    ) -> HttpResponse:
        return desk_views.do_part(request, object_id, submission_id, part)


class DeskLinkMixin(AuditedAdmin):
    """Leads from the list of submissions, and from each of them, to the desk."""

    list_before_template = "assessments/desk/list_link.html"

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        if not desk_views.may_read_work(request):
            return links
        submission = cast(AssessmentSubmission, row)
        address = desk_views.address_of(submission.assessment_id, submission.pk)
        return [*links, {"title": _("At the grading desk"), "icon": "grading", "address": address}]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        assessment = request.GET.get("assessment__id__exact", "")
        is_led = KEY.fullmatch(assessment) and desk_views.may_read_work(request)
        address = desk_views.address_of(int(assessment)) if is_led else ""
        context = {"desk_address": address, **(extra_context or {})}
        return super().changelist_view(request, context)
