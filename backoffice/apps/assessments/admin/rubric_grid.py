"""The page on which a rubric is written as one table."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.admin_access import CHANGING, refuse_foreign
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.apps.assessments.admin.rubric_moves import announce_versions
from backoffice.apps.assessments.models import (
    Assessment,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.rubrics.contents import plain_points
from backoffice.apps.assessments.rubrics.grid import (
    COMMA,
    COPY,
    NOT_POINTS,
    RubricGrid,
    entered_grid,
    stored_grid,
)
from backoffice.apps.assessments.rubrics.grid_checks import CheckedCriterion, checked, errors_in
from backoffice.apps.assessments.rubrics.grid_merge import (
    KeysByVersion,
    Merge,
    Opened,
    is_outdated,
    take_stored,
)
from backoffice.apps.assessments.rubrics.grid_saving import locked, save_grid
from backoffice.apps.assessments.rubrics.totals import rubric_total, total_of
from backoffice.apps.assessments.rubrics.versions import equal_versions, newest_version
from backoffice.audit.admin_kit.collisions import run_again_on_collision
from backoffice.audit.admin_kit.model_admin import AuditedAdmin

PAGE = "grid"
TEMPLATE = "assessments/rubric_grid.html"
CONFLICT, UNPROCESSABLE = 409, 422
TOTALS = gettext_lazy("The rubric gives %(points)s, the assessment %(maximum)s.")
TITLE = gettext_lazy("Grid")


@dataclass
class GridRequest:
    """A posted grid beside the locked version that it is compared with."""

    rubric: GradingRubric
    stored: RubricGrid
    grid: RubricGrid
    merge: Merge | None = None
    rows: list[CheckedCriterion] | None = None


class RubricGridMixin(AuditedAdmin):
    """Gives rubrics the page: to read for whoever sees the rubric, to write for whoever changes it.

    A form that cannot be stored comes back with all that was entered: 409 where somebody else
    changed the rubric meanwhile, 422 where something in it is wrong.
    """

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.grid)
        # Before Django's own: its last one takes every address.
        return [path("<path:object_id>/grid/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        link = {"title": TITLE, "icon": "grid_on", "address": page_of(row, PAGE)}
        return [link, *super().further_links(request, row)]

    def grid(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The grid of a rubric. Raises PermissionDenied for whoever may not see or change it."""
        rubric = cast(GradingRubric | None, self.get_object(request, unquote(object_id)))
        if rubric is None or request.method not in ("GET", "HEAD", "POST"):
            raise PermissionDenied
        if request.method != "POST":
            return _page(self, request, rubric, stored_grid(rubric))
        if not self.has_change_permission(request, rubric):
            raise PermissionDenied
        view = partial(_posted, self, request, rubric)
        return run_again_on_collision(request, [GradingRubric, RubricCriterion, RubricLevel], view)


def _posted(admin: AuditedAdmin, request: HttpRequest, rubric: GradingRubric) -> HttpResponse:
    try:
        entered = entered_grid(request.POST)
    except ValidationError as error:
        page: dict[str, Any] = {"refusals": error.messages, "status": UNPROCESSABLE}
        return _page(admin, request, rubric, stored_grid(rubric), **page)
    if "duplicate" in request.POST or "more" in request.POST:
        grid = entered.with_copy_of(request.POST.get("duplicate", ""))
        page = {"opened": Opened.read(request.POST), "spare": 3 if "more" in request.POST else 1}
        return _page(admin, request, rubric, grid, **page)
    with transaction.atomic():
        posted = _compared(request, locked(rubric), entered)
        if posted.merge and not posted.merge.is_clean:
            page = {"merge": posted.merge, "status": CONFLICT}
            return _page(admin, request, posted.rubric, posted.grid, **page)
        rows = checked(posted.grid)
        if errors_in(posted.grid):
            page = {"status": UNPROCESSABLE, "opened": Opened.of(posted.stored)}
            return _page(admin, request, posted.rubric, posted.grid, **page)
        version = save_grid(posted.rubric, rows)
        if version is not None:
            refuse_foreign(request, version, CHANGING)
    return _saved(request, posted.rubric, version)


def _compared(request: HttpRequest, rubric: GradingRubric, entered: RubricGrid) -> GridRequest:
    """What was entered beside the newest version, merged where that is not what was opened."""
    opened, newest = Opened.read(request.POST), newest_version(rubric)
    if newest.pk != rubric.pk:
        newest = locked(newest)
    stored = stored_grid(newest)
    if newest.pk != rubric.pk:
        keys = KeysByVersion.between(stored_grid(rubric), stored)
        keys.apply(entered)
        opened = opened.with_keys_of(keys)
    take_stored(entered, stored, request.POST)
    if is_outdated(opened, stored, newest, rubric.pk):
        merge = Merge(opened, stored, entered)
        return GridRequest(newest, stored, merge.grid, merge)
    entered.complete(stored)
    return GridRequest(newest, stored, entered)


def _saved(
    request: HttpRequest, rubric: GradingRubric, version: GradingRubric | None
) -> HttpResponse:
    if version is None:
        messages.info(request, _("Nothing was changed, so nothing was saved."))
        return HttpResponseRedirect(page_of(rubric, PAGE))
    names = {"number": version.version, "old": rubric.version}
    if version.pk == rubric.pk:
        messages.success(request, _("The rubric was saved."))
    else:
        message = _(
            "Version %(number)d was made. Version %(old)d is put away and stays with the work "
            "marked by it."
        )
        messages.success(request, message % names)
        announce_versions(request, rubric, version)
    return HttpResponseRedirect(page_of(version, PAGE))


def _page(
    admin: AuditedAdmin,
    request: HttpRequest,
    rubric: GradingRubric,
    grid: RubricGrid,
    *,
    status: int = 200,
    **further: Any,
) -> HttpResponse:
    newest = newest_version(rubric)
    may_change = admin.has_change_permission(request, rubric)
    can_edit = may_change and newest.pk == rubric.pk
    stored = stored_grid(rubric)
    merge: Merge | None = further.get("merge")
    opened: Opened = further.get("opened") or Opened.of(stored)
    shown = grid.padded(further.get("spare", 1)) if can_edit else grid.padded(0)
    context = {
        **admin.admin_site.each_context(request),
        "title": _("Grid of %(rubric)s") % {"rubric": rubric},
        "opts": admin.opts,
        "original": rubric,
        "rubric": rubric,
        "rubric_page": page_of(rubric),
        "versions_file": _versions_file(request),
        "address": page_of(rubric, PAGE),
        "newest": newest,
        "newest_grid": page_of(newest, PAGE),
        "can_edit": can_edit,
        "may_change": may_change,
        "is_used": rubric.is_used,
        "next_number": newest.version + 1,
        "grid": shown,
        "opened": opened,
        "errors": errors_in(grid),
        "refusals": further.get("refusals", []),
        "merge": merge,
        "assessments": _totals(request, rubric),
        "total": plain_points(rubric_total(rubric)),
        "sentences": _sentences(),
        **contents_context(rubric),
    }
    return TemplateResponse(request, TEMPLATE, context, status=status)


def _versions_file(request: HttpRequest) -> str:
    may_export = roles.may(request.user, "export", GradingRubric)
    return reverse("admin:assessments_gradingrubric_versions") if may_export else ""


def contents_context(rubric: GradingRubric) -> dict[str, Any]:
    """The hash of a version, and the rubrics of its course that say the same."""
    contents, same = equal_versions(rubric)
    own = [each.version for each in same if each.title == rubric.title]
    others = [str(each) for each in same if each.title != rubric.title]
    return {"contents_hash": contents, "same_versions": own, "same_rubrics": others}


def _totals(request: HttpRequest, rubric: GradingRubric) -> list[dict[str, Any]]:
    """The assessments that use a version, with what each of them gives and the rubric gives."""
    rows = permitted(Assessment._base_manager.filter(rubric=rubric), request.user, "view")
    total = total_of(rubric.criteria.all())
    return [
        {
            "assessment": each,
            "address": page_of(each),
            "maximum": plain_points(each.max_score),
            "message": "" if each.max_score == total else total_message(total, each.max_score),
        }
        for each in rows.order_by("code")
    ]


def total_message(total: Decimal, maximum: Decimal) -> str:
    """That a rubric gives another number of points than an assessment has."""
    return TOTALS % {"points": plain_points(total), "maximum": plain_points(maximum)}


def _sentences() -> dict[str, str]:
    """What the page says while one is typing: the words of the server's own checks."""
    rules = {
        rule.name: str(rule.violation_error_message)
        for model in (RubricCriterion, RubricLevel)
        for rule in model._meta.constraints
        if isinstance(rule, models.CheckConstraint | models.UniqueConstraint)
    }
    return {
        "totals": str(TOTALS),
        "notPoints": str(NOT_POINTS),
        "comma": str(COMMA),
        "required": _("Say how many points."),
        "blank": str(RubricLevel._meta.get_field("title").error_messages["blank"]),
        "notPositive": rules["criterion_points_positive"],
        "negative": rules["level_points_not_negative"],
        "above": rules["level_points_within_criterion"],
        "taken": rules["level_title_unique"],
        "range": _("%(most)s to more than %(below)s"),
        "copy": str(COPY),
        "deducts": _("deducts"),
        "noCriteria": _("No criteria yet."),
    }
