"""The pages of the grading desk: the queue of an assessment, and one piece of work."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.admin_site.permissions.roles import visible_fields
from backoffice.apps.assessments.admin.desk_parts import PARTS, show_bank
from backoffice.apps.assessments.desk import drafts, keys, presence
from backoffice.apps.assessments.desk.names import are_names_known, display_name
from backoffice.apps.assessments.desk.queue import FILTERS, ORDERS, PER_PAGE, Queue, QueueChoice
from backoffice.apps.assessments.desk.saving import SaveOutcome, save
from backoffice.apps.assessments.desk.work import DeskWork, work_for
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, GradingPresence
from backoffice.audit.access_log.log import record_look

PAGE, WORK, PART = "desk", "desk_work", "desk_part"
READING = ("GET", "HEAD")


@dataclass(frozen=True)
class QueueLine:
    """A line of the queue: a piece of work, its page at the desk, and who is at it."""

    submission: AssessmentSubmission
    address: str
    other: GradingPresence | None

    @property
    def name(self) -> str:
        return display_name(self.submission)

    @property
    def flag(self) -> Any:
        return getattr(self.submission, "flag", None)


def show_queue(request: HttpRequest, object_id: str) -> HttpResponse:
    """The queue of an assessment. Raises PermissionDenied for whoever may not read its work."""
    assessment = _assessment_for(request, object_id)
    queue = Queue(assessment.pk, request.user, QueueChoice.of(request.GET))
    context = {
        **admin.site.each_context(request),
        "opts": Assessment._meta,
        "original": assessment,
        "title": _("Grading desk"),
        "assessment": assessment,
        "assessment_page": page_of(assessment),
        "posting_page": page_of(assessment, "posting"),
        **_choices(queue),
        **_lines(queue, request.user),
    }
    return TemplateResponse(request, "assessments/desk/queue.html", context)


def _choices(queue: Queue) -> dict[str, Any]:
    choice, counts = queue.choice, queue.counts()
    orders = {n: t for n, t in ORDERS.items() if n != "name" or are_names_known(queue.assessment)}
    return {
        "filters": [
            (title, choice.query(only=name), counts[name or "whole"], name == choice.only)
            for name, title in FILTERS.items()
        ],
        "orders": [
            (title, choice.query(order=name), name == choice.order)
            for name, title in orders.items()
        ],
        "questions": [
            (each, choice.query(question=each.pk), each.pk == choice.question)
            for each in queue.questions()
        ],
        "by_submission": (choice.query(question=None), choice.question is None),
        "whole": counts["whole"],
        "graded": counts["whole"] - counts["ungraded"],
        "ungraded": counts["ungraded"],
    }


def _lines(queue: Queue, user: Any) -> dict[str, Any]:
    rows = list(queue.rows.select_related("student", "grader", "flag")[: PER_PAGE + 1])
    others = presence.others_among([row.pk for row in rows[:PER_PAGE]], user)
    query = queue.choice.query()
    first = next((place.key for place in queue.places if place.is_match), None)
    return {
        "lines": [
            QueueLine(row, address_of(queue.assessment, row.pk) + query, others.get(row.pk))
            for row in rows[:PER_PAGE]
        ],
        "is_more": len(rows) > PER_PAGE,
        "most": PER_PAGE,
        "start": address_of(queue.assessment, first) + query if first else "",
    }


def show_work(request: HttpRequest, object_id: str, number: int) -> HttpResponse:
    """One piece of work; posted, its grade is saved.

    Raises PermissionDenied for whoever may not read it, Http404 for work of another assessment.
    """
    choice = QueueChoice.of(request.GET)
    if request.method == "POST":
        return _save(request, object_id, number, choice)
    submission = _submission_for(request, object_id, number)
    if request.method not in READING:
        raise PermissionDenied
    record_look(request, submission)
    return _pane(request, DeskWork(submission, request.user), choice)


def _save(request: HttpRequest, object_id: str, number: int, choice: QueueChoice) -> HttpResponse:
    if not (KEY.fullmatch(object_id) and KEY.fullmatch(str(number))):
        raise Http404
    typed = drafts.typed_in(request.POST)
    outcome = save(number, int(object_id), request.user, typed)
    if outcome.is_saved:
        return _go_on(request, int(object_id), number, choice)
    # Asked again: whoever may not even read the work gets the answer of any other page.
    submission = _submission_for(request, object_id, number)
    return _not_saved(request, submission, outcome, choice)


def _not_saved(
    request: HttpRequest,
    submission: AssessmentSubmission,
    outcome: SaveOutcome,
    choice: QueueChoice,
) -> HttpResponse:
    user, typed = request.user, drafts.storable(drafts.typed_in(request.POST))
    work = DeskWork(submission, user, typed, outcome.errors)
    if work.is_open:
        drafts.store(submission, user, typed)
    else:
        # Whoever had begun keeps what was typed: the right may have gone meanwhile.
        drafts.store_known(submission, user, typed)
        outcome = SaveOutcome(403, work.refusal)
    if outcome.conflict is not None:
        # Saving again then means it: it is compared with what is on the page now.
        work.current_version = outcome.conflict.version
    return _pane(request, work, choice, outcome)


def _go_on(request: HttpRequest, assessment: int, number: int, choice: QueueChoice) -> HttpResponse:
    """To the next piece of work, or the same one again; at the end, to the queue."""
    key: int | None = number
    if request.POST.get("go") == "next":
        key = Queue(assessment, request.user, choice).next_after(number)
    address = address_of(assessment, key) + choice.query()
    if not _is_swap(request):
        return HttpResponseRedirect(address)
    if key is None:
        return HttpResponse(headers={"HX-Redirect": address})
    following = _submission_for(request, str(assessment), key)
    record_look(request, following)
    outcome = SaveOutcome(message=_("Saved."))
    answer = _pane(request, DeskWork(following, request.user), choice, outcome)
    answer.headers["HX-Push-Url"] = address
    return answer


def _pane(
    request: HttpRequest, work: DeskWork, choice: QueueChoice, outcome: SaveOutcome | None = None
) -> HttpResponse:
    context = _pane_context(request, work, choice) | {"outcome": outcome}
    status = outcome.status if outcome else 200
    if _is_swap(request):
        return TemplateResponse(request, "assessments/desk/pane.html", context, status=status)
    context |= admin.site.each_context(request) | {
        "opts": Assessment._meta,
        "original": work.submission.assessment,
        "title": _("Grading desk"),
        "assessment_page": page_of(work.submission.assessment),
    }
    return TemplateResponse(request, "assessments/desk/work.html", context, status=status)


def _pane_context(request: HttpRequest, work: DeskWork, choice: QueueChoice) -> dict[str, Any]:
    submission = work.submission
    assessment, query = submission.assessment, choice.query()
    queue = Queue(assessment.pk, request.user, choice)
    following, previous = queue.next_after(submission.pk), queue.previous_of(submission.pk)
    newer = work.newer
    compared = request.GET.get("against", "")
    against = int(compared) if KEY.fullmatch(compared) else None
    return {
        "work": work,
        "submission": submission,
        "assessment": assessment,
        "answers": work.answers(choice.question),
        "by_question": choice.question,
        "against": against,
        "difference": work.compared_with(against),
        "position": queue.position_of(submission.pk),
        "whole": len(queue.places),
        "waiting": sum(place.is_match for place in queue.places),
        "others": presence.others_at(submission, request.user),
        "queue_address": address_of(assessment.pk) + query,
        "address": address_of(assessment.pk, submission.pk) + query,
        "parts_address": address_of(assessment.pk, submission.pk),
        "next_address": address_of(assessment.pk, following) + query if following else "",
        "previous_address": address_of(assessment.pk, previous) + query if previous else "",
        "newer_address": address_of(assessment.pk, newer.pk) + query if newer else "",
        "submission_page": page_of(submission),
        "has_keys": getattr(submission, "has_keys", True),
        "keys": json.dumps(keys.table()),
        "help_keys": [*keys.SINGLE, *keys.HELD],
    }


def do_part(request: HttpRequest, object_id: str, number: int, part: str) -> HttpResponse:
    """What is done besides grading, and the saved comments.

    Raises PermissionDenied for whoever may not grade the work, Http404 for an unknown part.
    """
    submission = _submission_for(request, object_id, number)
    if part == "bank" and request.method in READING:
        return show_bank(request, submission)
    if part not in PARTS:
        raise Http404
    if request.method != "POST" or not getattr(submission, "is_gradable", False):
        raise PermissionDenied
    return PARTS[part](request, submission)


def named(page: str) -> str:
    """The name of an address of the desk."""
    return f"{Assessment._meta.app_label}_{Assessment._meta.model_name}_{page}"


def may_read_work(request: HttpRequest) -> bool:
    """Whether the person reads what students wrote; a registrar does not."""
    return visible_fields(request.user, AssessmentSubmission) is None


def address_of(assessment: int, submission: int | None = None) -> str:
    """The address of an assessment's queue, or of one piece of work in it."""
    if submission is None:
        return reverse(f"admin:{named(PAGE)}", args=[assessment])
    return reverse(f"admin:{named(WORK)}", args=[assessment, submission])


def _is_swap(request: HttpRequest) -> bool:
    """Whether the page is there already, and takes a new pane."""
    return "HX-Request" in request.headers


def _assessment_for(request: HttpRequest, object_id: str) -> Assessment:
    is_read = request.method in READING and may_read_work(request)
    if not is_read or not KEY.fullmatch(object_id):
        raise PermissionDenied
    rows = Assessment.objects.visible_to(request.user).select_related("course", "rubric")
    row: Assessment | None = rows.filter(pk=object_id).first()
    if row is None:
        raise PermissionDenied
    return row


def _submission_for(request: HttpRequest, object_id: str, number: int) -> AssessmentSubmission:
    if not may_read_work(request):
        raise PermissionDenied
    if not (KEY.fullmatch(object_id) and KEY.fullmatch(str(number))):
        raise Http404
    row = work_for(request.user, int(object_id), number)
    if row is not None:
        return row
    # That work is another assessment's is no secret to whoever may see it; all else is refused.
    if AssessmentSubmission.objects.visible_to(request.user).filter(pk=number).exists():
        raise Http404
    raise PermissionDenied
