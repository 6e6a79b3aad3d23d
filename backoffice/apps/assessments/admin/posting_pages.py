"""The page on which the grades of an assessment are posted: now, or at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.apps.assessments.admin.desk_views import address_of, may_read_work
from backoffice.apps.assessments.desk.names import are_names_known
from backoffice.apps.assessments.grading.posting_plan import (
    ALL,
    READY,
    PostingPlan,
    StalePosting,
    drafts_of_others,
    may_post,
    post_assessment,
    set_time,
)
from backoffice.apps.assessments.models import Assessment
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

PAGE = "posting"
TITLE = gettext_lazy("Post grades")
READING = ("GET", "HEAD")
CONFLICT, UNPROCESSABLE = 409, 422
COUNTED = {
    "graded": gettext_lazy("Graded, not posted"),
    "ready": gettext_lazy("Ready: graded, not flagged, every criterion marked"),
    "flagged": gettext_lazy("Flagged"),
    "unmarked": gettext_lazy("With a criterion that nobody marked"),
    "overridden": gettext_lazy("With a score of its own, not the one that criteria give"),
    "ungraded": gettext_lazy("Ungraded"),
    "posted": gettext_lazy("Posted"),
    "final": gettext_lazy("Final"),
}


class PostingTimeForm(forms.Form):
    """When the grades are posted by themselves; blank for never."""

    post_at = forms.SplitDateTimeField(
        label=gettext_lazy("Post at"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=gettext_lazy("In UTC. Blank means by hand."),
    )


class PostingPageMixin(AuditedAdmin):
    """Gives assessments the page, to read for whoever reads their work."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.posting)
        # Before Django's own: its last one takes every address.
        return [path("<path:object_id>/posting/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        if not may_read_work(request):
            return links
        return [*links, {"title": TITLE, "icon": "campaign", "address": page_of(row, PAGE)}]

    def posting(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What would be posted; posted itself by POST, by whoever makes grades final there.

        Raises PermissionDenied for whoever may not read the work, or post.
        """
        assessment = _assessment_for(request, object_id)
        if request.method in READING:
            return _page(request, assessment)
        if request.method != "POST" or not may_post(request.user, assessment):
            raise PermissionDenied
        return (
            _time_set(request, assessment) if "at" in request.POST else _posted(request, assessment)
        )


def _assessment_for(request: HttpRequest, object_id: str) -> Assessment:
    if not may_read_work(request) or not KEY.fullmatch(object_id):
        raise PermissionDenied
    rows = Assessment.objects.visible_to(request.user).select_related("course")
    found: Assessment | None = rows.filter(pk=object_id).first()
    if found is None:
        raise PermissionDenied
    return found


def _posted(request: HttpRequest, assessment: Assessment) -> HttpResponse:
    what = READY if request.POST.get("what") == READY else ALL
    try:
        with recording(source=ChangeSet.Source.ACTION):
            count = post_assessment(assessment, what, request.POST.get("seen", ""), request.user)
    except StalePosting as stale:
        return _page(request, assessment, CONFLICT, plan=stale.plan, before=stale.before)
    except ValidationError as refusal:
        return _page(request, assessment, UNPROCESSABLE, refusals=refusal.messages)
    message = ngettext("%(count)d grade is posted.", "%(count)d grades are posted.", count)
    messages.success(request, message % {"count": count})
    return HttpResponseRedirect(page_of(assessment, PAGE))


def _time_set(request: HttpRequest, assessment: Assessment) -> HttpResponse:
    form = PostingTimeForm(request.POST)
    if form.is_valid():
        try:
            with recording(source=ChangeSet.Source.ACTION):
                set_time(assessment, form.cleaned_data["post_at"], request.user)
        except ValidationError as refusal:
            form.add_error(None, refusal)
    if form.errors:
        return _page(request, assessment, UNPROCESSABLE, form=form)
    is_set = assessment.post_at is not None
    message = _("The grades are posted at that time.") if is_set else _("They are posted by hand.")
    messages.success(request, message)
    return HttpResponseRedirect(page_of(assessment, PAGE))


def _page(
    request: HttpRequest,
    assessment: Assessment,
    status: int = 200,
    plan: PostingPlan | None = None,
    **further: Any,
) -> HttpResponse:
    plan = plan or PostingPlan.of(assessment)
    context = {
        **admin.site.each_context(request),
        "opts": Assessment._meta,
        "original": assessment,
        "title": TITLE,
        "assessment": assessment,
        "assessment_page": page_of(assessment),
        "desk": address_of(assessment.pk),
        "plan": plan,
        "counts": plan.counts,
        "lines": list(_lines(plan, further.get("before"))),
        "drafts": drafts_of_others(assessment, request.user),
        "is_anonymous": not are_names_known(assessment.pk),
        "may_post": may_post(request.user, assessment),
        "is_stale": status == CONFLICT,
        "form": further.get("form") or PostingTimeForm(initial={"post_at": assessment.post_at}),
        "refusals": further.get("refusals", ()),
    }
    return TemplateResponse(request, "assessments/posting.html", context, status=status)


def _lines(plan: PostingPlan, before: Mapping[str, int] | None) -> Iterator[tuple[Any, int, Any]]:
    """Each count by its name, with what the page said before where that was another one."""
    now = asdict(plan.counts)
    for name, title in COUNTED.items():
        was = (before or {}).get(name, now[name])
        yield title, now[name], was if was != now[name] else None
