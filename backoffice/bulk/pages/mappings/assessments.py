"""The action on a gradebook with unknown columns: say what they are, and read it again."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.jobs.tasks import queue_reading
from backoffice.bulk.models import AssessmentMapping
from backoffice.bulk.pages.imports import posted
from backoffice.bulk.pages.mappings.assessment_forms import (
    GradebookColumnsForm,
    course_choice_form,
)
from backoffice.bulk.pages.mappings.saving import is_saved
from backoffice.bulk.read.assessment_mapping import COLUMN_CONFLICT, save_assessments


class AssessmentMappingViewsMixin:
    """The view that stores assessment mappings, for the batch admin; only the uploader uses it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.assessment_mapping_view)
        own = path("<int:number>/own-assessments/", view, name="bulk_batch_own_assessments")
        return [own, *super().get_urls()]

    @posted
    def assessment_mapping_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Store what the columns are in the course, and read the same file again as of it.

        Raises PermissionDenied for who may not add mappings.
        """
        batch = self._owned(request, number)
        if not may(request.user, "add", AssessmentMapping):
            raise PermissionDenied
        choice = course_choice_form(batch, request.user, request.POST.get("course", ""))
        course = choice.chosen() if choice else None
        if choice is None:
            messages.error(request, _("This file does not wait for a meaning of its columns."))
        elif course is None or str(course.pk) != request.POST.get("course"):
            messages.error(request, _("Choose the course of the gradebook first."))
        else:
            form = GradebookColumnsForm(batch, course, request.POST)
            if is_saved(
                request,
                form,
                lambda: save_assessments(
                    batch.own_assessments["dialect"], course, form.meanings, request.user
                ),
                COLUMN_CONFLICT,
            ):
                batch.gradebook_course = [course.code, course.presentation]
                queue_reading(batch)
        return self._to(batch)
