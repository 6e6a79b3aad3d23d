"""What is done at the desk besides grading: a flag, a note, a comment on a passage."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import (
    Annotation,
    AssessmentSubmission,
    DeskPreference,
    GradingNote,
    SubmissionFlag,
)


def _take_turns(submission: AssessmentSubmission) -> None:
    """Whoever flags or notes at the same moment waits, and finds what is stored then."""
    locked = AssessmentSubmission._base_manager.select_for_update(no_key=True)
    locked.filter(pk=submission.pk).values_list("pk").first()


@transaction.atomic
def set_flag(submission: AssessmentSubmission, user: Any, text: str) -> SubmissionFlag | None:
    """Flag the work for a colleague, or take the flag away with a blank line.

    Raises ValidationError for a line that is too long.
    """
    _take_turns(submission)
    flag = SubmissionFlag.objects.filter(submission=submission.pk).first()
    if not text.strip():
        if flag is not None:
            flag.delete()
        return None
    flag = flag or SubmissionFlag(submission=submission)
    flag.text, flag.flagged_by, flag.flagged_at = text, user, timezone.now()
    flag.full_clean()
    flag.save()
    return flag


@transaction.atomic
def set_note(submission: AssessmentSubmission, user: Any, text: str) -> GradingNote | None:
    """One's own note about the work; a blank one goes. Raises ValidationError for a bad text."""
    _take_turns(submission)
    note = GradingNote.objects.filter(submission=submission.pk, author=user.pk).first()
    if not text.strip():
        if note is not None:
            note.delete()
        return None
    note = note or GradingNote(submission=submission, author=user)
    note.text = text
    note.full_clean()
    note.save()
    return note


def annotate(
    submission: AssessmentSubmission, user: Any, bounds: tuple[int, int], comment: str
) -> Annotation:
    """Comment on the passage between two characters of the text.

    Raises ValidationError where the text has no such passage, or without a comment.
    """
    start, end = bounds
    if not 0 <= start < end <= len(submission.text):
        message = _("The text does not have this passage at this place. Mark it again.")
        raise ValidationError(message, code="other_passage")
    row = Annotation(
        submission=submission,
        author=user,
        start=start,
        end=end,
        quoted=submission.text[start:end],
        comment=comment,
    )
    row.full_clean()
    row.save()
    return row


def remove_annotation(submission: AssessmentSubmission, number: int) -> bool:
    """Take a comment on a passage away; whether this work has it. It stays on record."""
    row = submission.annotations.filter(pk=number).first()
    if row is None:
        return False
    row.delete()
    return True


def switch_keys(user: Any, is_on: bool) -> None:
    """Whether single keys act for this person from now on."""
    DeskPreference.objects.update_or_create(person=user, defaults={"has_keys": is_on})
