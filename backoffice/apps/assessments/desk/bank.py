"""Saved comments: one's own and those shared in the course, with the first name put in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk.names import first_name_in
from backoffice.apps.assessments.desk.work import plain
from backoffice.apps.assessments.models import AssessmentSubmission, RubricCriterion, SavedComment
from backoffice.apps.assessments.models.desk import FIRST_NAME

MOST = 200  # comments that are offered at once


@dataclass(frozen=True)
class OfferedComment:
    """A saved comment as it would stand in the feedback on one piece of work."""

    comment: SavedComment
    text: str
    points: str
    criterion: int | None
    is_own: bool


def comments_for(submission: AssessmentSubmission, user: Any) -> QuerySet[SavedComment]:
    """Those the person may use here: for any work, or for criteria of its rubric."""
    assessment = submission.assessment
    fits = Q(criterion=None) | Q(criterion__rubric=assessment.rubric_id)
    usable = Q(owner=user.pk, course=None) | Q(course=assessment.course_id)
    rows = SavedComment.objects.visible_to(user).filter(fits, usable)
    return rows.select_related("criterion").order_by("-use_count", "-pk")


def offered(submission: AssessmentSubmission, user: Any, letters: str) -> Iterator[OfferedComment]:
    """The comments that have the letters letters, those used most first."""
    rows = comments_for(submission, user)
    for word in letters.split()[:5]:
        rows = rows.filter(text__icontains=word)
    name = first_name_in(submission)
    for row in rows[:MOST]:
        yield OfferedComment(
            row, filled_in(row.text, name), plain(row.points), row.criterion_id,
            row.owner_id == user.pk,
        )  # fmt: skip


def filled_in(text: str, first_name: str) -> str:
    """The text with the first name in its place; without a name no stray comma is left."""
    if first_name:
        return text.replace(FIRST_NAME, first_name)
    for gap in (f"{FIRST_NAME}, ", f"{FIRST_NAME} ", f", {FIRST_NAME}", f" {FIRST_NAME}"):
        text = text.replace(gap, "")
    return text.replace(FIRST_NAME, "")


def count_use(submission: AssessmentSubmission, user: Any, number: int) -> bool:
    """Note that a comment was used; whether there is such a comment for this work."""
    known = comments_for(submission, user).filter(pk=number).order_by().values("pk")
    # The count is no part of what is recorded: nobody is asked why.
    rows = SavedComment._base_manager.filter(pk__in=list(known.values_list("pk", flat=True)))
    return bool(rows.update(use_count=F("use_count") + 1))


def save_comment(
    submission: AssessmentSubmission, user: Any, text: str, criterion: int | None, *, shared: bool
) -> SavedComment:
    """Put a comment into the bank. Raises ValidationError for one without words."""
    matches = None
    if criterion is not None:
        rubric = submission.assessment.rubric_id
        matches = RubricCriterion.objects.filter(pk=criterion, rubric=rubric).first()
        if matches is None:
            message = _("This criterion belongs to another rubric.")
            raise ValidationError(message, code="other_rubric")
    course = submission.assessment.course if shared else None
    comment = SavedComment(owner=user, course=course, criterion=matches, text=text)
    comment.full_clean()
    comment.save()
    return comment
