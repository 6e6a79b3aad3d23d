"""A final grade is opened again, or becomes another one, when a second person agrees."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions.visibility import is_permitted
from backoffice.apps.assessments.grading.states import reopen
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.assessments.models.finality import agreed_change
from backoffice.audit.admin_kit.approvals import approvable, request_approval
from backoffice.audit.models import Approval
from backoffice.audit.record.recording import recording

# The scope `own_grades` of admin_site/permissions/visibility.py names these two, too.
REOPEN, CHANGE = "reopen_grade", "change_final_grade"
# What the asker needs, when it is asked for and still when it is approved.
VERBS = {REOPEN: ("reopen",), CHANGE: ("finalize", "grade")}
LABEL = AssessmentSubmission._meta.label_lower


@dataclass(frozen=True)
class WaitingWish:
    """What somebody wants of a final grade, and nobody has decided yet."""

    approval: Approval
    before: Decimal | None
    score: Decimal | None  # None where the grade is to be opened again
    feedback: str | None  # None where it stays
    page: str  # of the request; blank for whoever may not see it


def ask_to_reopen(submission: AssessmentSubmission, by: Any, reason: str) -> Approval:
    """Ask a second person to agree that a final grade can be changed again.

    Raises ValidationError for a grade that is not final, for one's own, where the person may not
    reopen it, and where they asked for the same already.
    """
    _refuse(submission, by, REOPEN)
    message = _("The final grade of %(work)s is opened again")
    return _ask(REOPEN, submission, message % {"work": _named(submission)}, by, reason)


def ask_to_change(
    submission: AssessmentSubmission, score: Decimal, feedback: str, by: Any, reason: str
) -> Approval:
    """Ask a second person to agree that a final grade becomes another one, and stays final.

    Raises ValidationError as `ask_to_reopen` does, for what breaks a rule of a submission, and for
    what the grade is already.
    """
    _refuse(submission, by, CHANGE)
    if (score, feedback) == (submission.score, submission.feedback):
        message = _("The grade is this already. Enter another score, or other feedback.")
        raise ValidationError(message, code="unchanged")
    values = {
        "work": _named(submission),
        "before": floatformat(submission.score, -2),
        "after": floatformat(score, -2),
    }
    message = _("The feedback of the final grade %(before)s of %(work)s is changed")
    if score != submission.score:
        message = _("The final grade of %(work)s changes from %(before)s to %(after)s")
    # Refused now, and not only when somebody agrees.
    _changed(AssessmentSubmission.objects.get(pk=submission.pk), score, feedback, by, reason)
    wanted = {"score": str(score), "feedback": feedback}
    return _ask(CHANGE, submission, message % values, by, reason, **wanted)


def _ask(  # noqa: PLR0913  # what is asked for, in words and as values
    action: str,
    submission: AssessmentSubmission,
    sentence: str,
    by: Any,
    reason: str,
    **wanted: str,
) -> Approval:
    return request_approval(
        action, submission, sentence, by, reason=reason, version=submission.version, **wanted
    )


def _named(submission: AssessmentSubmission) -> str:
    # By number: a name would outlive the person in the record, and tell whose work it is.
    values = {
        "number": submission.pk,
        "assessment": submission.assessment,
        "course": submission.assessment.course,
    }
    return _("submission %(number)d for %(assessment)s, %(course)s") % values


def _page_of_work(approval: Approval) -> str:
    """The address of the page that shows the grade, and what is asked for."""
    return page_of(AssessmentSubmission(pk=approval.subject_id))


@approvable(REOPEN, page=_page_of_work)
def carry_out_reopening(approval: Approval) -> None:
    """The grade is final no more. Raises ValidationError where it is not the one asked about."""
    submission = _locked(approval)
    with recording(reason=approval.reason), agreed_change(submission):
        reopen(submission)


@approvable(CHANGE, page=_page_of_work)
def carry_out_change(approval: Approval) -> None:
    """The grade is the other one, and final. Raises ValidationError as the reopening does."""
    submission, payload = _locked(approval), approval.payload
    with recording(reason=approval.reason), agreed_change(submission):
        wanted = (Decimal(payload["score"]), payload["feedback"])
        _changed(submission, *wanted, approval.requested_by, approval.reason).save()


def _changed(
    submission: AssessmentSubmission, score: Decimal, feedback: str, grader: Any, reason: str
) -> AssessmentSubmission:
    """The submission with another final grade, by all rules of its model; not saved."""
    submission.score, submission.feedback = score, feedback
    submission.override_reason = reason  # where criteria or questions give another score
    # Whoever asked gives it; who agreed stands in the approval and signs the change.
    submission.grader, submission.graded_at = grader, timezone.now()
    with agreed_change(submission):
        submission.full_clean()
    return submission


def _locked(approval: Approval) -> AssessmentSubmission:
    """The work a request is about, locked and as it was when it was asked about."""
    rows = AssessmentSubmission.objects.select_for_update()
    submission = rows.filter(pk=approval.subject_id).first()
    if submission is None:
        raise ValidationError(_("This work is not there any more."), code="gone")
    _refuse(submission, approval.requested_by, approval.action)
    if approval.decided_by_id == submission.student_id:
        message = _("Nobody decides about their own grade.")
        raise ValidationError(message, code="own_grade")
    if submission.version != approval.payload["version"]:
        message = _(
            "The grade changed since this was asked for. Refuse the request; whoever still wants "
            "it looks at the grade and asks again."
        )
        raise ValidationError(message, code="stale")
    return submission


def _refuse(submission: AssessmentSubmission, by: Any, action: str) -> None:
    """Raise ValidationError where this person cannot ask for it, or could no more."""
    if not submission.is_final:
        message = _("This grade is not final: it is changed without a second person.")
        raise ValidationError(message, code="not_final")
    if by.pk == submission.student_id:
        raise ValidationError(_("Nobody grades their own submission."), code="self_graded")
    if not all(is_permitted(submission, by, verb) for verb in VERBS[action]):
        message = _("%(person)s may not do this with the grade.") % {"person": by}
        raise ValidationError(message, code="not_permitted")


def waiting_wishes(submission: AssessmentSubmission, viewer: Any) -> list[WaitingWish]:
    """What waits for a second person and can still be done, the oldest first."""
    if not submission.is_final:
        return []
    about = {"action__in": (REOPEN, CHANGE), "subject_label": LABEL, "subject_id": submission.pk}
    rows = Approval.objects.waiting().filter(**about, payload__version=submission.version)
    visible = set(rows.visible_to(viewer).values_list("pk", flat=True))
    return [_wish(each, submission, each.pk in visible) for each in rows.order_by("pk")]


def _wish(approval: Approval, submission: AssessmentSubmission, is_visible: bool) -> WaitingWish:
    wanted = approval.payload
    score = Decimal(wanted["score"]) if "score" in wanted else None
    feedback = wanted.get("feedback")
    return WaitingWish(
        approval=approval,
        before=submission.score,
        score=score,
        feedback=None if feedback == submission.feedback else feedback,
        page=page_of(approval) if is_visible else "",
    )
