"""A file of all versions of rubrics, each with the hash of its contents.

The files of rubrics themselves have the columns of Canvas, and come in again; this one only goes
out.
"""

from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.apps.assessments.models import GradingRubric
from backoffice.apps.assessments.rubrics.contents import contents_hashes
from backoffice.apps.assessments.rubrics.totals import total_of
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.bulk.export.csv_export import downloaded

PAGE = "versions"
HEADER = (
    *("Course Code", "Presentation", "Rubric Name", "Version", "In Use", "Points", "Created"),
    "Contents SHA-256",
)
AT_ONCE = 500  # rubrics


class RubricVersionsMixin(AuditedAdmin):
    """Gives the list of rubrics the file, for whoever may export rubrics."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.versions_file)
        # Before Django's own: its last one takes every address.
        return [path("versions.csv", view, name=name), *super().get_urls()]

    def versions_file(self, request: HttpRequest) -> HttpResponseBase:
        """The versions of the rubrics that the person may export."""
        is_read = request.method in ("GET", "HEAD")
        if not is_read or not roles.may(request.user, "export", GradingRubric):
            raise PermissionDenied
        rows = permitted(GradingRubric._base_manager.all(), request.user, "export")
        return downloaded("rubric_versions.csv", _lines(rows))


def _lines(rows: models.QuerySet[GradingRubric]) -> Iterator[tuple[object, ...]]:
    yield HEADER
    ordered = rows.select_related("course").order_by(
        *("course__code", "course__presentation", "title", "version")
    )
    keys = list(ordered.values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        hashes = contents_hashes(part)
        for each in ordered.filter(pk__in=part).prefetch_related("criteria"):
            course, total = each.course, total_of(each.criteria.all())
            named = (course.code, course.presentation, each.title, each.version)
            yield (*named, each.is_active, total, each.created_at, hashes[each.pk])
