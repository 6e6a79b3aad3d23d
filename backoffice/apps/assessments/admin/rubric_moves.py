"""The page that shows what another rubric would change in the grades of an assessment."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.admin_site.permissions.visibility import is_permitted
from backoffice.apps.assessments.admin import desk_views
from backoffice.apps.assessments.desk.names import display_name
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricMove,
)
from backoffice.apps.assessments.rubrics.move_summary import bars_of
from backoffice.apps.assessments.rubrics.move_writing import (
    MovedSince,
    StaleMove,
    apply_move,
    undo_move,
)
from backoffice.apps.assessments.rubrics.moves import (
    RubricMovePlan,
    WorkMove,
    incomplete_work,
    movable_to,
    plan_move,
)
from backoffice.audit.admin_kit.actions import reason_field
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.admin_kit.read_only import LookedAtMixin

PAGE = "rubric_move"
TITLE = gettext_lazy("Move to another rubric")
PER_PAGE = 50
MOST_NAMED = 5
CONFLICT, UNPROCESSABLE = 409, 422


class MoveReasonForm(forms.Form):
    """Why an assessment is moved, or a move undone."""

    reason = reason_field()


class RubricMoveMixin(AuditedAdmin):
    """Gives assessments the page, for whoever changes them and makes grades final there."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.rubric_move)
        # Before Django's own: its last one takes every address.
        return [path("<path:object_id>/rubric-move/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        has_rubric = getattr(row, "rubric_id", None) is not None
        if not has_rubric or not may_move(request.user, row):
            return links
        return [*links, {"title": TITLE, "icon": "move_down", "address": page_of(row, PAGE)}]

    def rubric_move(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What would change; posted, it is done or undone.

        Raises PermissionDenied for whoever may not, Http404 for a rubric of another course.
        """
        assessment = _assessment_for(request, object_id)
        if request.method in ("GET", "HEAD"):
            return _page(request, assessment, _target(assessment, request.GET.get("to", "")))
        if request.method != "POST":
            raise PermissionDenied
        if "undo" in request.POST:
            return _undone(request, assessment)
        return _moved(request, assessment)


def may_move(user: Any, assessment: models.Model) -> bool:
    """Whether the person changes the assessment, and makes grades final in its course."""
    return is_permitted(assessment, user, "change") and is_permitted(
        assessment, user, "finalize", AssessmentSubmission
    )


def move_address(assessment: Assessment, new: GradingRubric) -> str:
    """The address of what a rubric would change in the grades of an assessment."""
    return f"{page_of(assessment, PAGE)}?to={new.pk}"


def _assessment_for(request: HttpRequest, object_id: str) -> Assessment:
    rows = Assessment.objects.visible_to(request.user).select_related("course", "rubric")
    found = rows.filter(pk=object_id).first() if KEY.fullmatch(object_id) else None
    if found is None or not may_move(request.user, found):
        raise PermissionDenied
    return found


def _target(assessment: Assessment, key: str) -> GradingRubric | None:
    """The rubric that is asked about; without one, the latest version of the assessment's own."""
    choices = movable_to(assessment)
    if not key:
        own = assessment.rubric
        newest = next((each for each in choices if own and each.title == own.title), None)
        return newest if newest and own and newest.version > own.version else None
    found = next((each for each in choices if str(each.pk) == key), None)
    if found is None and key != str(assessment.rubric_id):
        raise Http404
    return found


def _moved(request: HttpRequest, assessment: Assessment) -> HttpResponse:
    new = _target(assessment, request.POST.get("to", ""))
    form = MoveReasonForm(request.POST)
    if new is None:
        notice = _("The assessment is marked by this rubric already, or none was chosen.")
        return _page(request, assessment, None, notice=notice, status=CONFLICT)
    if not form.is_valid():
        return _page(request, assessment, new, form=form, status=UNPROCESSABLE)
    digest, reason = request.POST.get("digest", ""), form.cleaned_data["reason"]
    try:
        move = apply_move(assessment, new, digest, request.user, reason)
    except StaleMove:
        notice = _(
            "Something changed since the answer was shown: a grade, a rubric or the assessment. "
            "Nothing was moved. Below is the answer of now; look at it again."
        )
        return _page(
            request, _assessment_for(request, str(assessment.pk)), new, form=form, notice=notice,
            status=CONFLICT,
        )  # fmt: skip
    except ValidationError as refusal:
        notice = " ".join(refusal.messages)
        return _page(request, assessment, new, form=form, notice=notice, status=UNPROCESSABLE)
    message = ngettext(
        "The assessment is marked by %(rubric)s now; %(count)d marked submission moved.",
        "The assessment is marked by %(rubric)s now; %(count)d marked submissions moved.",
        move.moved_count,
    )
    messages.success(request, message % {"rubric": new, "count": move.moved_count})
    return HttpResponseRedirect(page_of(assessment, PAGE))


def _undone(request: HttpRequest, assessment: Assessment) -> HttpResponse:
    key, form = request.POST["undo"], MoveReasonForm(request.POST, auto_id="undo_%s")
    move = assessment.rubric_moves.filter(pk=key).first() if KEY.fullmatch(key) else None
    if move is None:
        raise Http404
    target = _target(assessment, "")
    if not form.is_valid():
        return _page(request, assessment, target, undo_form=form, status=UNPROCESSABLE)
    try:
        undo_move(move.pk, request.user, form.cleaned_data["reason"])
    except MovedSince as refusal:
        notice = _not_undone(refusal)
        return _page(request, assessment, target, undo_form=form, notice=notice, status=CONFLICT)
    except ValidationError as error:
        notice = " ".join(error.messages)
        return _page(request, assessment, target, undo_form=form, notice=notice, status=CONFLICT)
    message = _("The move is undone: the assessment is marked by %(rubric)s again.")
    messages.success(request, message % {"rubric": move.old_rubric})
    return HttpResponseRedirect(page_of(assessment, PAGE))


def _not_undone(refusal: MovedSince) -> str:
    names = ", ".join(display_name(each) for each in refusal.works[:MOST_NAMED])
    more = len(refusal.works) - MOST_NAMED
    if not names:
        return _("Nothing was undone: a grade of this move is not there any more.")
    if more > 0:
        message = _(
            "Nothing was undone: grades changed since the move, those of %(names)s and %(count)d "
            "more."
        )
        return message % {"names": names, "count": more}
    return _("Nothing was undone: grades changed since the move, those of %(names)s.") % {
        "names": names
    }


def _page(
    request: HttpRequest,
    assessment: Assessment,
    new: GradingRubric | None,
    *,
    status: int = 200,
    **further: Any,
) -> HttpResponse:
    moves = assessment.rubric_moves.select_related("old_rubric", "new_rubric", "moved_by")
    latest = moves.filter(undone_at=None).order_by("-pk").first()
    context = {
        **admin.site.each_context(request),
        "opts": Assessment._meta,
        "original": assessment,
        "title": TITLE,
        "assessment": assessment,
        "assessment_page": page_of(assessment),
        "choices": movable_to(assessment),
        "new": new,
        "latest": latest if latest and latest.new_rubric_id == assessment.rubric_id else None,
        "waiting": [_line(assessment, each) for each in incomplete_work(assessment)[:PER_PAGE]],
        "most": PER_PAGE,
        "form": MoveReasonForm(),
        "undo_form": MoveReasonForm(auto_id="undo_%s"),
        **further,
    }
    if new is not None and assessment.rubric is not None:
        context |= _answer(request, plan_move(assessment, new))
    return TemplateResponse(request, "assessments/rubric_move.html", context, status=status)


def _answer(request: HttpRequest, plan: RubricMovePlan) -> dict[str, Any]:
    """What the move would do, as the page lists it."""
    page = Paginator(plan.changed, PER_PAGE).get_page(request.GET.get("page"))
    again = Paginator(plan.incomplete, PER_PAGE).get_page(request.GET.get("again"))
    rises, falls = plan.crossing(upwards=True), plan.crossing(upwards=False)
    return {
        "plan": plan,
        "unchanged": len(plan.graded) - len(plan.changed),
        "rise_count": len(rises),
        "fall_count": len(falls),
        "bars": bars_of(each.change for each in plan.graded),
        "matches": [(each, plan.dropped_counts[each.old.pk]) for each in plan.match.matches],
        "rises": _lines(plan, rises),
        "falls": _lines(plan, falls),
        "overrides": _lines(plan, plan.overrides),
        "page": page,
        "changes": _lines(plan, page.object_list),
        "again": again,
        "incomplete": _lines(plan, again.object_list),
        "final": [_line(plan.assessment, each) for each in plan.final[:PER_PAGE]],
    }


def _lines(plan: RubricMovePlan, works: Any) -> list[dict[str, Any]]:
    """The first of these works, with what becomes of each."""
    rows: list[WorkMove] = list(works[:PER_PAGE])
    return [{**_line(plan.assessment, each.submission), "work": each} for each in rows]


def _line(assessment: Assessment, row: AssessmentSubmission) -> dict[str, Any]:
    row.assessment = assessment
    address = desk_views.address_of(assessment.pk, row.pk)
    return {"name": display_name(row), "submission": row, "address": address}


def announce_versions(request: HttpRequest, old: GradingRubric, new: GradingRubric) -> None:
    """Lead from a rubric's new version to what it would change, assessment by assessment."""
    for assessment in old.assessments.order_by("code")[:MOST_NAMED]:
        if may_move(request.user, assessment):
            messages.info(request, _way_to(assessment, new))


def _way_to(assessment: Assessment, new: GradingRubric) -> Any:
    context = {"assessment": assessment, "address": move_address(assessment, new)}
    return render_to_string("assessments/rubric_move_link.html", context)


@admin.register(RubricMove)
class RubricMoveAdmin(LookedAtMixin, AuditedAdmin):
    """What was moved, when and by whom; made and undone on the page of the assessment."""

    icon = "move_down"
    in_sidebar = False
    empty_hint = gettext_lazy("An assessment is moved to another rubric on its own page.")
    list_display = ("assessment", "old_rubric", "new_rubric", "moved_by", "moved_at", "undone_at")
    list_select_related = ("assessment__course", "old_rubric", "new_rubric", "moved_by")
    list_filter = (("assessment", AutocompleteSelectFilter),)
    search_fields = ("assessment__code", "assessment__title")
    search_help_text = gettext_lazy("Code or title of the assessment")
    fieldsets = (
        (None, {"fields": ("assessment", ("old_rubric", "new_rubric"), "reason")}),
        (None, {"fields": (("moved_count", "incomplete_count"), ("moved_by", "moved_at"))}),
        (None, {"fields": (("undone_by", "undone_at"),)}),
    )
