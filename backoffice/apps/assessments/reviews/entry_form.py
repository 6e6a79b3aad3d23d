"""A peer review beside the reviewed work: its form, and what becomes of it when it is sent."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk.keys import HELD as DESK_HELD
from backoffice.apps.assessments.desk.keys import SINGLE as DESK_SINGLE
from backoffice.apps.assessments.desk.keys import DeskKey
from backoffice.apps.assessments.desk.saving import SaveOutcome, errors_by_name
from backoffice.apps.assessments.desk.typed import FEEDBACK, PART, TypedReader
from backoffice.apps.assessments.desk.work import DeskWork
from backoffice.apps.assessments.models import PeerReview
from backoffice.apps.assessments.reviews.conflict import review_conflict
from backoffice.apps.assessments.reviews.entering import (
    ReviewInput,
    StaleReview,
    enterable,
    write_review,
)
from backoffice.apps.assessments.reviews.reviewed_work import ReviewedWork, reviewed_work
from backoffice.audit.admin_kit.reasons import FIELD

PLAIN = ("feedback", "version", FIELD)
# What the keys of the desk do here; the others have nothing to act on.
SAME = ("level", "criterion_after", "criterion_before", "bank", "comment", "help", "leave")


def own_keys() -> list[DeskKey]:
    """The single keys that act beside a review: those of the desk, with their words."""
    labels = {
        "next": _("Next review that is missing"),
        "previous": _("Previous review"),
        "save_next": _("Save and submit, and go to the next missing review"),
        "save": _("Save, and stay"),
    }
    return [
        key if key.action in SAME else key._replace(label=labels[key.action])
        for key in (*DESK_SINGLE, *DESK_HELD)
        if key.action in SAME or key.action in labels
    ]


class ReviewForm(DeskWork):
    """What the form of a review shows; `typed` is what was sent and not stored."""

    def __init__(
        self,
        review: PeerReview,
        user: Any,
        typed: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(review.submission, user, typed or {}, errors)
        self.review = review

    @cached_property
    def is_open(self) -> bool:  # asked once, of the database
        """Whether this person may enter or correct the review."""
        may: bool = enterable(self.user).filter(pk=self.review.pk).exists()
        return may

    @property
    def refusal(self) -> str:
        if self.is_open:
            return ""
        if self.review.author_id == self.user.pk:
            return _("Nobody reviews their own work.")
        return _("You may read this review, and not change it.")

    @property
    def feedback(self) -> str:
        return self.values.of("feedback", self.review.feedback)

    @property
    def reason(self) -> str:
        return self.values.of(FIELD, "")

    @property
    def reason_errors(self) -> list[str]:
        return list(self.errors.get(FIELD, ()))

    @cached_property
    def marked(self) -> ReviewedWork:
        return reviewed_work(self.review)


def typed_in(data: Mapping[str, Any]) -> dict[str, str]:
    """What a form sent of a review, by field."""
    names = [name for name in data if name in PLAIN or PART.fullmatch(name)]
    return {name: str(data[name]) for name in names}


def review_in(typed: Mapping[str, str], *, is_submitted: bool) -> ReviewInput:
    """The review that was typed.

    Raises ValidationError, by the names of the form, with all that cannot be read.
    """
    reader = TypedReader(typed)
    entry = ReviewInput(
        version=typed.get("version", ""),
        feedback=reader.text("feedback", FEEDBACK),
        criteria=reader.marks(),
        is_submitted=is_submitted,
        reason=typed.get(FIELD, ""),
    )
    if reader.errors:
        raise ValidationError(reader.errors)
    return entry


def save(
    review: PeerReview, user: Any, typed: Mapping[str, str], *, is_submitted: bool
) -> SaveOutcome:
    """Save what was typed, and say how that ended."""
    try:
        write_review(review.pk, review_in(typed, is_submitted=is_submitted), user)
    except StaleReview as stale:
        message = _("Nothing was saved: the review changed while you were at it. Look at what is "
                    "different below, choose, and save again.")  # fmt: skip
        return SaveOutcome(409, message, conflict=review_conflict(stale.work, typed, user))
    except ValidationError as refusal:
        errors = errors_by_name(refusal)
        general = [*errors.pop(NON_FIELD_ERRORS, []), *errors.pop("reviewer", [])]
        message = " ".join(general) or _("Nothing was saved. What is wrong stands below.")
        return SaveOutcome(422, message, errors)
    except PermissionDenied:
        return SaveOutcome(403, _("Nothing was saved: you may no longer change this review."))
    return SaveOutcome()
