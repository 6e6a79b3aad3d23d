"""Who reviews whom for an assessment, and several reviews assigned at once."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.admin_site.permissions.roles import may
from backoffice.admin_site.permissions.visibility import is_permitted
from backoffice.apps.assessments.admin import desk_views
from backoffice.apps.assessments.admin.review_desk import LIST
from backoffice.apps.assessments.admin.review_desk import PAGE as DESK
from backoffice.apps.assessments.models import Assessment, PeerReview
from backoffice.apps.assessments.reviews.overview import ReviewOverview
from backoffice.apps.assessments.reviews.pairs import PairList, make_pairs
from backoffice.audit.admin_kit.collisions import run_again_on_collision
from backoffice.audit.admin_kit.model_admin import AuditedAdmin
from backoffice.audit.reports.moments import MomentWidget

PAIRS = "review_pairs"
READING = ("GET", "HEAD")
UNPROCESSABLE = 422


class PairsForm(forms.Form):
    """The pairs as they were pasted, and until when the reviews are due."""

    pairs = forms.CharField(
        label=gettext_lazy("Pairs"),
        max_length=400_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "A line for each review: the reviewer, then the author, with a tab, a comma or a "
            "semicolon between them. By student ID, username, e-mail address or full name."
        ),
        error_messages={
            "required": gettext_lazy("Paste at least one line: the reviewer, then the author.")
        },
    )
    due_date = forms.DateTimeField(
        label=gettext_lazy("Due (UTC)"),
        required=False,
        widget=MomentWidget,
        help_text=gettext_lazy("Left blank, the reviews are never late."),
    )


class ReviewListsMixin(AuditedAdmin):
    """Gives assessments the list of their reviews, and the page that assigns several."""

    def get_urls(self) -> list[URLPattern]:
        views = (
            ("peer-reviews/pairs/", self.review_pairs, PAIRS),
            ("peer-reviews/", self.peer_reviews, LIST),
        )
        own = [
            path(
                f"<path:object_id>/{end}",
                self.admin_site.admin_view(view),
                name=desk_views.named(page),
            )
            for end, view, page in views
        ]
        # Before Django's own: its last one takes every address.
        return [*own, *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        if not may(request.user, "view", PeerReview):
            return links
        link = {"title": _("Peer reviews"), "icon": "rate_review"}
        return [*links, link | {"address": page_of(row, LIST)}]

    def peer_reviews(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return show_reviews(request, object_id)

    def review_pairs(self, request: HttpRequest, object_id: str) -> HttpResponse:
        view = partial(assign_pairs, request, object_id)
        return run_again_on_collision(request, [PeerReview], view)


def show_reviews(request: HttpRequest, object_id: str) -> HttpResponse:
    """The reviews of an assessment. Raises PermissionDenied for whoever may see none of them."""
    if request.method not in READING:
        raise PermissionDenied
    assessment = _assessment_for(request, object_id)
    overview = ReviewOverview(assessment, request.user, request.GET)
    page, filters = overview.page(), overview.filters()
    can_assign = is_permitted(assessment, request.user, "add", PeerReview)
    context = {
        **_page_context(request, assessment, _("Peer reviews")),
        "filters": filters,
        "page": page,
        "lines": [(line, page_of(line.review, DESK)) for line in overview.lines(page)],
        "previous": overview.query(page=page.number - 1) if page.has_previous() else "",
        "next": overview.query(page=page.number + 1) if page.has_next() else "",
        "whole": filters[0][2],
        "without_review": overview.without_review(),
        "pairs_address": page_of(assessment, PAIRS) if can_assign else "",
        "may_read": desk_views.may_read_work(request),
    }
    return TemplateResponse(request, "assessments/reviews/list.html", context)


def assign_pairs(request: HttpRequest, object_id: str) -> HttpResponse:
    """The page that assigns several reviews: pasted, looked at, then made, all or none.

    Raises PermissionDenied for whoever may assign none in the course.
    """
    if request.method not in (*READING, "POST"):
        raise PermissionDenied
    assessment = _assessment_for(request, object_id)
    if not is_permitted(assessment, request.user, "add", PeerReview):
        raise PermissionDenied
    if request.method != "POST":
        return _pairs_page(request, assessment, PairsForm())
    form = PairsForm(request.POST)
    if not form.is_valid():
        return _pairs_page(request, assessment, form, status=UNPROCESSABLE)
    text, due = form.cleaned_data["pairs"], form.cleaned_data["due_date"]
    if "make" not in request.POST:
        pairs = PairList(assessment, request.user, text)
        status = 200 if pairs.is_right else UNPROCESSABLE
        return _pairs_page(request, assessment, form, pairs, status=status)
    pairs, count = make_pairs(assessment, request.user, text, due)
    if not count:
        return _pairs_page(request, assessment, form, pairs, status=UNPROCESSABLE)
    message = ngettext("%(count)d review is assigned.", "%(count)d reviews are assigned.", count)
    messages.success(request, message % {"count": count})
    return HttpResponseRedirect(page_of(assessment, LIST))


def _pairs_page(
    request: HttpRequest,
    assessment: Assessment,
    form: PairsForm,
    pairs: PairList | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        **_page_context(request, assessment, _("Assign peer reviews")),
        "form": form,
        "pairs": pairs,
        "list_address": page_of(assessment, LIST),
    }
    return TemplateResponse(request, "assessments/reviews/pairs.html", context, status=status)


def _page_context(request: HttpRequest, assessment: Assessment, title: str) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "opts": Assessment._meta,
        "original": assessment,
        "title": title,
        "assessment": assessment,
        "assessment_page": page_of(assessment),
    }


def _assessment_for(request: HttpRequest, object_id: str) -> Assessment:
    if not may(request.user, "view", PeerReview):
        raise PermissionDenied
    if not KEY.fullmatch(object_id):
        raise Http404
    rows = Assessment.objects.visible_to(request.user).select_related("course", "rubric")
    assessment: Assessment | None = rows.filter(pk=object_id).first()
    if assessment is None:
        raise PermissionDenied
    return assessment
