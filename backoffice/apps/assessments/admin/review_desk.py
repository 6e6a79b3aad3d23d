"""The page of a peer review beside the reviewed work."""

import json
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.apps.assessments.admin import desk_views
from backoffice.apps.assessments.desk import keys
from backoffice.apps.assessments.desk.drafts import storable
from backoffice.apps.assessments.desk.saving import SaveOutcome
from backoffice.apps.assessments.desk.work import DeskWork
from backoffice.apps.assessments.models import DeskPreference, PeerReview
from backoffice.apps.assessments.reviews.entry_form import ReviewForm, own_keys, save, typed_in
from backoffice.apps.assessments.reviews.first_entry import first_entry
from backoffice.audit.access_log.log import record_look
from backoffice.audit.admin_kit.model_admin import AuditedAdmin

PAGE, LIST = "review_desk", "peer_reviews"
READING = ("GET", "HEAD")


@display(description=gettext_lazy("beside the work"))
def desk_link(row: PeerReview) -> SafeString:
    """The way from a line of the list to the review beside the work."""
    context = {"address": page_of(row, PAGE), "review": row}
    return render_to_string("assessments/reviews/desk_link.html", context)


class ReviewDeskMixin(AuditedAdmin):
    """Gives peer reviews the page, for whoever may read the review and the work."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{PAGE}"
        view = self.admin_site.admin_view(self.review_desk)
        # Before Django's own: its last one takes every address.
        return [path("<path:object_id>/desk/", view, name=name), *super().get_urls()]

    def further_links(self, request: HttpRequest, row: models.Model) -> list[dict[str, Any]]:
        links = super().further_links(request, row)
        if not desk_views.may_read_work(request):
            return links
        assessment = cast(PeerReview, row).submission.assessment
        return [
            *links,
            {"title": _("Beside the work"), "icon": "grading", "address": page_of(row, PAGE)},
            {"title": _("All reviews"), "icon": "group", "address": page_of(assessment, LIST)},
        ]

    def review_desk(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return show_review(request, object_id)


def show_review(request: HttpRequest, object_id: str) -> HttpResponse:
    """A review beside the work; posted, it is saved.

    Raises PermissionDenied for whoever may not read both, Http404 for what is no number.
    """
    review = _review_for(request, object_id)
    if request.method == "POST":
        return _saved(request, review)
    if request.method not in READING:
        raise PermissionDenied
    record_look(request, review.submission)
    return _pane(request, ReviewForm(review, request.user))


def _review_for(request: HttpRequest, object_id: str) -> PeerReview:
    if not desk_views.may_read_work(request):
        raise PermissionDenied
    if not KEY.fullmatch(object_id):
        raise Http404
    rows = PeerReview.objects.visible_to(request.user).select_related(
        "submission__assessment__course", "submission__student", "reviewer"
    )
    review: PeerReview | None = rows.filter(pk=object_id).first()
    if review is None:
        raise PermissionDenied
    return review


def _saved(request: HttpRequest, review: PeerReview) -> HttpResponse:
    user, typed = request.user, typed_in(request.POST)
    button = request.POST.get("go", "")
    form = ReviewForm(review, user, typed)
    if form.is_open:
        outcome = save(review, user, typed, is_submitted=button == "next")
    else:
        outcome = SaveOutcome(403, form.refusal)
    if outcome.is_saved:
        return _go_on(request, review, button)
    form = ReviewForm(_review_for(request, str(review.pk)), user, storable(typed), outcome.errors)
    if outcome.conflict is not None:
        # Saving again then means it: it is compared with what is shown now.
        form.current_version = outcome.conflict.version
    return _pane(request, form, outcome)


def _go_on(request: HttpRequest, review: PeerReview, button: str) -> HttpResponse:
    """To the next review that is missing, or the same one again; at the end, to the list."""
    target: PeerReview | None = review
    if button == "next":
        target = _next_missing(review, request.user)
    is_swap = "HX-Request" in request.headers
    if target is None:
        address = page_of(review.submission.assessment, LIST)
        if is_swap:
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)
    address = page_of(target, PAGE)
    if not is_swap:
        return HttpResponseRedirect(address)
    following = _review_for(request, str(target.pk))
    record_look(request, following.submission)
    answer = _pane(request, ReviewForm(following, request.user), SaveOutcome(message=_("Saved.")))
    answer.headers["HX-Push-Url"] = address
    return answer


def _of_assessment(review: PeerReview, user: Any) -> models.QuerySet[PeerReview]:
    rows = PeerReview.objects.visible_to(user)
    return rows.filter(submission__assessment=review.submission.assessment_id).order_by("pk")


def _next_missing(review: PeerReview, user: Any) -> PeerReview | None:
    missing = _of_assessment(review, user).exclude(status=PeerReview.Status.SUBMITTED)
    missing = missing.exclude(pk=review.pk)
    return missing.filter(pk__gt=review.pk).first() or missing.first()


def _pane(
    request: HttpRequest, form: ReviewForm, outcome: SaveOutcome | None = None
) -> HttpResponse:
    context = _context(request, form) | {"outcome": outcome}
    status = outcome.status if outcome else 200
    if "HX-Request" in request.headers:
        template = "assessments/reviews/pane.html"
        return TemplateResponse(request, template, context, status=status)
    context |= admin.site.each_context(request) | {
        "opts": PeerReview._meta,
        "original": form.review,
        "title": str(form.review),
    }
    return TemplateResponse(request, "assessments/reviews/desk.html", context, status=status)


def _context(request: HttpRequest, form: ReviewForm) -> dict[str, Any]:
    review, user = form.review, request.user
    submission = review.submission
    compared = request.GET.get("against", "")
    against = int(compared) if KEY.fullmatch(compared) else None
    before = _of_assessment(review, user).filter(pk__lt=review.pk).last()
    following = _next_missing(review, user)
    # The left side is for reading only, whoever grades the work.
    reading = DeskWork(submission, user)
    return {
        "work": form,
        "reading": reading,
        "review": review,
        "submission": submission,
        "assessment": submission.assessment,
        "answers": reading.answers(),
        "against": against,
        "difference": reading.compared_with(against),
        "first": first_entry(form.marked) if review.is_submitted else None,
        "address": page_of(review, PAGE),
        "list_address": page_of(submission.assessment, LIST),
        "review_page": page_of(review),
        "history_page": page_of(review, "history"),
        # The saved comments are the desk's, about the same work.
        "parts_address": desk_views.address_of(submission.assessment_id, submission.pk),
        "next_address": page_of(following, PAGE) if following else "",
        "previous_address": page_of(before, PAGE) if before else "",
        "has_keys": not DeskPreference.objects.filter(person=user.pk, has_keys=False).exists(),
        "keys": json.dumps([[each.key, each.action] for each in own_keys() if _is_single(each)]),
        "help_keys": own_keys(),
    }


def _is_single(key: keys.DeskKey) -> bool:
    return any(each.key == key.key for each in keys.SINGLE)
