"""What waits for marking, what came late, and which grades changed last."""

from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, Min, OuterRef, Subquery
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.dashboard import CardLine, CardLines, ago, card
from backoffice.admin_site.pages.related_links import list_of, page_of
from backoffice.admin_site.permissions.roles import ASSISTANT, AUDITOR, INSTRUCTOR
from backoffice.apps.assessments.choosing import open_doubles
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission

MOST = 6
LONG, TOO_LONG = 7, 21  # days of waiting
MAX_EXAMINED = 100  # history rows, to find the newest that changed a grade
SUBMITTED = {"status__exact": AssessmentSubmission.Status.SUBMITTED}


@card(gettext_lazy("Waiting for your marking"), roles=(INSTRUCTOR, ASSISTANT), order=20)
def waiting(request: HttpRequest) -> CardLines:
    rows = AssessmentSubmission.objects.permitted_to(request.user, "grade").ungraded()
    by_assessment = rows.order_by().values("assessment")
    groups = by_assessment.annotate(many=Count("pk"), since=Min("submitted_at"))
    groups = groups.order_by("since", "assessment")[:MOST]
    keys = [group["assessment"] for group in groups]
    assessments = Assessment.objects.select_related("course").in_bulk(keys)
    return CardLines(
        [_waiting_line(assessments[g["assessment"]], g["many"], g["since"]) for g in groups],
        empty=_("Nothing waits for marking."),
        more=list_of(AssessmentSubmission, **SUBMITTED),
    )


def _waiting_line(assessment: Assessment, many: int, since: datetime | None) -> CardLine:
    course = assessment.course
    count_label = ngettext("%(count)s submission", "%(count)s submissions", many) % {"count": many}
    return CardLine(
        assessment.title,
        list_of(AssessmentSubmission, assessment__id__exact=assessment.pk, **SUBMITTED),
        detail=f"{course.code} · {course.presentation} · {count_label}",
        label=ago(since),
        colour=_colour_of(since),
    )


def _colour_of(since: datetime | None) -> str:
    days = (timezone.now() - since).days if since else 0
    if days >= TOO_LONG:
        return "danger"
    return "warning" if days >= LONG else "default"


@card(gettext_lazy("Handed in late"), roles=(INSTRUCTOR, ASSISTANT), order=30)
def late(request: HttpRequest) -> CardLines:
    rows = AssessmentSubmission.objects.permitted_to(request.user, "grade").ungraded()
    rows = rows.filter(is_late=True).select_related("student", "assessment__course")
    return CardLines(
        [_late_line(row) for row in rows.order_by("-submitted_at", "-pk")[:MOST]],
        empty=_("Nothing that waits for marking came late."),
        more=list_of(AssessmentSubmission, is_late__exact=1, **SUBMITTED),
    )


@card(gettext_lazy("One person, two works"), roles=(INSTRUCTOR,), order=35)
def doubles(request: HttpRequest) -> CardLines:
    return CardLines(
        [_double_line(row) for row in islice(open_doubles(request.user), MOST)],
        empty=_("No two records that are one person's wait for you to choose between two works."),
    )


def _double_line(row: AssessmentSubmission) -> CardLine:
    course = row.assessment.course
    return CardLine(
        str(row.student),
        page_of(row, "two_works"),
        detail=f"{course.code} · {course.presentation} · {row.assessment}",
        label=_("choose"),
        colour="warning",
    )


def _late_line(row: AssessmentSubmission) -> CardLine:
    due, submitted = row.assessment.due_date, row.submitted_at
    after = timesince(due, submitted, depth=1) if due and submitted else ""
    return CardLine(
        str(row.student),
        page_of(row),
        detail=str(row.assessment),
        label=_("%(after)s late") % {"after": after} if after else _("late"),
        colour="warning",
    )


@card(gettext_lazy("Newest grade changes"), roles=(AUDITOR,), order=30)
def grade_changes(request: HttpRequest) -> CardLines:
    return CardLines(
        [_grade_line(row) for row in _changed()[:MOST]],
        empty=_("No grade was given or changed yet."),
        more=list_of(AssessmentSubmission),
    )


def _changed() -> list[Any]:
    history = AssessmentSubmission.history.model.objects
    earlier = history.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
    before = Subquery(earlier.order_by("-history_id").values("score")[:1])
    rows = history.select_related("student", "assessment__course", "change_set")
    newest = rows.annotate(before=before).order_by("-history_id")[:MAX_EXAMINED]
    return [row for row in newest if row.score != row.before]


def _grade_line(row: Any) -> CardLine:
    who = row.change_set.actor_name if row.change_set else ""
    when = ago(row.history_date)
    return CardLine(
        f"{row.student} – {row.assessment}",
        page_of(row.instance, "history"),
        detail=f"{who} · {when}" if who else when,
        label=f"{_points(row.before)} → {_points(row.score)}",
        colour="info" if row.before is None else "warning",
    )


def _points(score: Any) -> str:
    return "–" if score is None else floatformat(score, -2)
