"""What the desk's script sends besides the grade: drafts, presence, flags, notes, passages."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from backoffice.admin_site.pages.related_links import KEY
from backoffice.apps.assessments.desk import bank, drafts, parts, presence
from backoffice.apps.assessments.desk.carrying import carry_over
from backoffice.apps.assessments.desk.typed import limited
from backoffice.apps.assessments.desk.work import DeskWork
from backoffice.apps.assessments.models import AssessmentSubmission

Handler = Callable[[HttpRequest, AssessmentSubmission], HttpResponse]


def show_bank(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    """The saved comments that fit the work, narrowed by the letters sought."""
    letters = request.GET.get("q", "")[:100].replace("\0", "")
    comments = list(bank.offered(submission, request.user, letters))
    context = {"comments": comments, "is_more": len(comments) >= bank.MOST, "letters": letters}
    return TemplateResponse(request, "assessments/desk/bank.html", context)


def _refused(error: ValidationError) -> JsonResponse:
    return JsonResponse({"message": " ".join(error.messages)}, status=422)


def _number(request: HttpRequest, name: str) -> int:
    """A number that was sent; -1, which no row has, for anything else."""
    text = request.POST.get(name, "")
    return int(text) if KEY.fullmatch(text) else -1


def _text(request: HttpRequest, name: str) -> str:
    """A text that was sent. Raises ValidationError for one that is too long."""
    return limited(request.POST.get(name, ""))


def store_draft(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    if not DeskWork(submission, request.user).is_open:
        return _closed(submission, request.user)
    draft = drafts.store(submission, request.user, drafts.typed_in(request.POST))
    moment = time_format(timezone.localtime(draft.saved_at), "H:i:s")
    return JsonResponse({"message": _("Draft kept at %(time)s.") % {"time": moment}})


def _closed(submission: AssessmentSubmission, user: Any) -> JsonResponse:
    return JsonResponse({"message": DeskWork(submission, user).refusal}, status=422)


def drop_draft(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    drafts.drop(submission.pk, request.user)
    return JsonResponse({"message": _("The draft is gone.")})


def carry_marks(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    if not DeskWork(submission, request.user).is_open:
        return _closed(submission, request.user)
    if not carry_over(submission, request.user):
        message = _("No earlier attempt of this student has a grade.")
        return JsonResponse({"message": message}, status=422)
    return JsonResponse({"message": _("The marks are carried over. Look at them, then save.")})


def sign_presence(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    presence.sign(submission, request.user)
    presence.leave(request.user, but=submission.pk)
    others = presence.others_at(submission, request.user)
    return JsonResponse({"others": [each.phrase for each in others]})


def end_presence(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    presence.leave(request.user)
    return JsonResponse({})


def flag(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    try:
        row = parts.set_flag(submission, request.user, _text(request, "text"))
    except ValidationError as error:
        return _refused(error)
    message = _("Flagged for a colleague.") if row else _("The flag is gone.")
    return JsonResponse({"message": message, "text": row.text if row else ""})


def note(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    try:
        row = parts.set_note(submission, request.user, _text(request, "text"))
    except ValidationError as error:
        return _refused(error)
    message = _("Your note is kept.") if row else _("Your note is gone.")
    return JsonResponse({"message": message})


def use_comment(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    """Raises PermissionDenied for a comment that is not for this person and this work."""
    if not bank.count_use(submission, request.user, _number(request, "comment")):
        raise PermissionDenied
    return JsonResponse({})


def save_comment(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    criterion = _number(request, "criterion") if request.POST.get("criterion") else None
    is_shared = request.POST.get("shared") == "on"
    try:
        bank.save_comment(
            submission, request.user, _text(request, "text"), criterion, shared=is_shared
        )
    except ValidationError as error:
        return _refused(error)
    return JsonResponse({"message": _("The comment is in the bank.")})


def annotate(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    if not DeskWork(submission, request.user).is_open:
        return _closed(submission, request.user)
    bounds = (_number(request, "start"), _number(request, "end"))
    try:
        parts.annotate(submission, request.user, bounds, _text(request, "comment"))
    except ValidationError as error:
        return _refused(error)
    return _text_pane(request, submission)


def remove_annotation(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    """Raises PermissionDenied for a comment on other work."""
    if not DeskWork(submission, request.user).is_open:
        return _closed(submission, request.user)
    if not parts.remove_annotation(submission, _number(request, "annotation")):
        raise PermissionDenied
    return _text_pane(request, submission)


def _text_pane(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    work = DeskWork(submission, request.user)
    context = {"work": work, "submission": submission}
    return TemplateResponse(request, "assessments/desk/text.html", context)


def switch_keys(request: HttpRequest, submission: AssessmentSubmission) -> HttpResponse:
    is_on = request.POST.get("on") == "1"
    parts.switch_keys(request.user, is_on)
    message = _("Single keys act again.") if is_on else _("Single keys are switched off.")
    return JsonResponse({"message": message})


PARTS: dict[str, Handler] = {
    "draft": store_draft,
    "discard": drop_draft,
    "carry": carry_marks,
    "presence": sign_presence,
    "leave": end_presence,
    "flag": flag,
    "note": note,
    "use": use_comment,
    "save_comment": save_comment,
    "annotate": annotate,
    "take_back": remove_annotation,
    "keys": switch_keys,
}
