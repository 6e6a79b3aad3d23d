"""One save of a peer review: points, comments and words in one transaction, or nothing.

Whoever saves says which version they started from. A review that changed since is not overwritten,
and one that was submitted is corrected with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.grading.marks_input import MarkInput, MarkSheet
from backoffice.apps.assessments.models import PeerReview, PeerReviewScore
from backoffice.apps.assessments.models.rubrics import hold_rubric
from backoffice.apps.assessments.reviews.reviewed_work import ReviewedWork, reviewed_work
from backoffice.apps.users.models import Enrollment
from backoffice.audit.admin_kit.actions import reason_field
from backoffice.audit.admin_kit.reasons import FIELD
from backoffice.audit.record.recording import current_record

Status = PeerReview.Status


@dataclass(frozen=True)
class ReviewInput:
    """A whole review as it is saved: `version` is that of the review it was opened with.

    Criteria that are not named stay as they are. `is_submitted`: it counts as handed in then.
    """

    version: str
    feedback: str = ""
    criteria: Mapping[int, MarkInput] = field(default_factory=dict)
    is_submitted: bool = False
    reason: str = ""


class StaleReview(Exception):
    """The review, or the rubric it is given by, changed since the form was opened."""

    def __init__(self, work: ReviewedWork) -> None:
        super().__init__("The review changed since the form was opened.")
        self.work = work


def write_review(key: int, entry: ReviewInput, user: Any) -> ReviewedWork:
    """Store a review, and return it as it stands then.

    What is stored already is not stored twice: a second click is one save. Raises PermissionDenied
    where the person may not change this review, StaleReview where somebody was faster, and
    ValidationError, by the names of the form, for what a rule refuses.
    """
    with transaction.atomic():
        work = _locked(key, user)
        plan = _ReviewPlan(work, entry)
        if work.version != entry.version:
            if plan.is_stored:
                return work
            raise StaleReview(work)
        plan.refuse()
        plan.write()
        return work


def enterable(user: Any) -> Any:
    """The reviews that a person may enter or correct: never one of their own work."""
    return PeerReview.objects.permitted_to(user, "change").exclude(author=user.pk)


def _locked(key: int, user: Any) -> ReviewedWork:
    rows = enterable(user).select_related("submission__assessment__course", "submission__student")
    review = rows.select_for_update(of=("self",)).filter(pk=key).first()
    if review is None:
        raise PermissionDenied
    if rubric := review.submission.marking_rubric_id:
        hold_rubric(rubric)
    return reviewed_work(review)


class _ReviewPlan:
    """What a save would store, and what is wrong with it."""

    def __init__(self, work: ReviewedWork, entry: ReviewInput) -> None:
        self.work, self.row, self.entry = work, work.review, entry
        make = partial(PeerReviewScore, review=self.row)
        self.sheet = MarkSheet(work.criteria, work.scores, make)
        self.sheet.enter(entry.criteria)
        # What was submitted stays so: it is given back by an action of its own.
        self.is_submitted = entry.is_submitted or self.row.is_submitted

    @property
    def is_changed(self) -> bool:
        becomes = self.is_submitted and self.row.submitted_at is None
        is_other = self.entry.feedback != self.row.feedback or any(self.sheet.changed())
        return is_other or becomes or self.is_submitted != self.row.is_submitted

    @property
    def is_stored(self) -> bool:
        return not self.sheet.errors and not self.is_changed

    def refuse(self) -> None:
        """Raise ValidationError with all that a rule refuses, by the names of the form."""
        if self.is_submitted:
            self._check_complete()
        if not self.row.is_submitted and self.is_submitted:
            self._check_reviewer()
        if self.row.is_submitted and self.is_changed:
            self._check_reason()
        if self.sheet.errors:
            raise ValidationError(self.sheet.errors)

    def _check_complete(self) -> None:
        for criterion in self.sheet.missing:
            name = f"criterion-{criterion.pk}-points"
            message = _("A submitted review has points for every criterion: “%(criterion)s” has "
                        "none yet.")  # fmt: skip
            if not any(each.startswith(f"criterion-{criterion.pk}-") for each in self.sheet.errors):
                self.sheet.add_error(name, message % {"criterion": criterion}, "incomplete")
        if not self.work.criteria and not self.entry.feedback.strip():
            message = _("A submitted review has words where no rubric gives points. Write some.")
            self.sheet.add_error("feedback", message, "incomplete")

    def _check_reviewer(self) -> None:
        """Somebody who withdrew has written the review nevertheless; a stranger has not."""
        course = self.row.submission.assessment.course_id
        taking = Enrollment._base_manager.filter(
            student=self.row.reviewer_id, course=course, role=Enrollment.Role.STUDENT
        )
        if not taking.exists():
            message = _("The reviewer never was a student of this course. Choose another reviewer "
                        "on the page of the review first.")  # fmt: skip
            self.sheet.add_error("reviewer", message, "not_in_course")

    def _check_reason(self) -> None:
        try:
            reason_field().clean(self.entry.reason)
        except ValidationError as error:
            for message in error.messages:
                self.sheet.add_error(FIELD, message, "reason")

    def write(self) -> None:
        """Store what differs; nothing where nothing does."""
        if not self.is_changed:
            return
        record = current_record()
        # The change set is written with the first change: the reason has to be there before.
        if record and self.row.is_submitted:
            record.reason = self.entry.reason.strip()
        # The points first: the database asks for them when the review becomes submitted.
        self.sheet.store(PeerReviewScore, "review")
        row = self.row
        row.feedback = self.entry.feedback
        if self.is_submitted:
            row.status, row.submitted_at = Status.SUBMITTED, row.submitted_at or timezone.now()
        names = ("feedback", "status", "submitted_at")
        # Locked and checked: `save()` would ask once more for each rule.
        rows = PeerReview._base_manager.filter(pk=row.pk)
        rows.update(**{name: getattr(row, name) for name in names})
        self.work.scores = self.sheet.marks
