"""The head of a roster: what stands above a list of enrollments when it is of one course."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from backoffice.admin_site.pages.related_links import pages_about
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.apps.users.enrollments.roster_as_of import counts
from backoffice.apps.users.models import Enrollment
from backoffice.audit.admin_kit.model_admin import AuditedAdmin

COURSE = "course__id__exact"


class RosterHeadMixin(AuditedAdmin):
    """Gives a list of enrollments the head of the course it is narrowed to."""

    list_before_template = "users/roster_head.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        # A redirect or a file has no context.
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            context["roster"] = self._roster(request, context["cl"].result_list)
        return response

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        if not request.GET.get(COURSE):
            return columns
        return [each for each in columns if getattr(each, "__name__", "") != "shown_course"]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        if request.GET.get(COURSE):
            return ("student__last_name", "student__first_name", "pk")
        return super().get_ordering(request)

    def _roster(self, request: HttpRequest, enrollments: list[Enrollment]) -> dict[str, Any] | None:
        number = request.GET.get(COURSE, "")
        # More digits than a 64-bit number has are no key.
        if not (number.isascii() and number.isdecimal() and len(number) <= 18):
            return None
        course = enrollments[0].course if enrollments else self._course(request, number)
        if course is None:
            return None
        rows = Enrollment.objects.filter(course=course).visible_to(request.user)
        by_status = counts(rows)
        return {
            "course": course,
            "counts": by_status,
            "active": dict(by_status)[Enrollment.Status.ACTIVE.label],
            "pages": pages_about(course, request.user),
        }

    def _course(self, request: HttpRequest, number: str) -> Any:
        # Of a course that nobody takes, no row of the list tells. Courses stand above this app.
        courses = Enrollment._meta.get_field("course").related_model.objects
        return permitted(courses.filter(pk=number), request.user, "view").first()
