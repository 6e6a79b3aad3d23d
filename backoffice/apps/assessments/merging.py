"""What becomes of work, its parts and its reviews when two records of one person are merged.

Two works of which each says something are the instructor's to choose from: see `choosing.py`.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.models import AssessmentSubmission, PeerReview
from backoffice.apps.users.merging.policies import FoldRefused, Pair, declare, folds

# What a work says; the rest is when and by whom.
CONTENT = ("score", "text", "feedback")
PARTS = ("responses", "criterion_scores", "peer_reviews")

declare("assessments.assessmentsubmission", "grader", moves=True)
declare("assessments.peerreview", "author", follows=True)
declare("assessments.questionresponse", "submission", is_part=True)
declare("assessments.criterionscore", "submission", is_part=True)
declare("assessments.peerreview", "submission", is_part=True)
declare("assessments.peerreviewscore", "review", is_part=True)


@folds("assessments.assessmentsubmission", "student", agreed=("score", "status"))
def fold_submissions(pair: Pair) -> AssessmentSubmission:
    """The one that says something; of two the one its instructor has chosen.

    Raises FoldRefused where nobody has, or a grade was changed since.
    """
    own: AssessmentSubmission = pair.own
    other: AssessmentSubmission = pair.other
    if not is_work(other):
        return own
    if not is_work(own):
        return other
    values = {"assessment": own.assessment, "course": own.assessment.course}
    if pair.choice is None:
        message = _(
            "%(assessment)s in %(course)s: both records have work. Its instructor chooses which "
            "one counts, on the page of that work."
        )
        raise FoldRefused(message % values)
    if pair.choice["versions"] != versions_of(own, other):
        message = _(
            "%(assessment)s in %(course)s: a grade was changed since its instructor chose. The "
            "instructor chooses again."
        )
        raise FoldRefused(message % values)
    return own if pair.choice["chosen"] == own.pk else other


def is_work(row: AssessmentSubmission) -> bool:
    """Whether a submission says something: a score, a text, an answer, points, a review."""
    has_content = any(getattr(row, name) not in (None, "") for name in CONTENT)
    return has_content or any(getattr(row, name).exists() for name in PARTS)


def versions_of(*rows: AssessmentSubmission) -> dict[str, Any]:
    """By which version of its grade and its text each was known, as JSON has it."""
    return {
        str(row.pk): [row.version, str(row.score), row.status, len(row.text)]
        for row in sorted(rows, key=lambda row: row.pk)
    }


@folds("assessments.peerreview", "reviewer")
def fold_reviews(pair: Pair) -> PeerReview:
    """The one that says something. Raises FoldRefused where both do."""
    own: PeerReview = pair.own
    other: PeerReview = pair.other
    if not is_review(other):
        return own
    if not is_review(own):
        return other
    message = _(
        "%(work)s: both records have reviewed it. Its instructor chooses another reviewer for one "
        "of the two reviews."
    )
    raise FoldRefused(message % {"work": own.submission})


def is_review(row: PeerReview) -> bool:
    """Whether somebody has begun with a review."""
    is_begun = row.status == PeerReview.Status.SUBMITTED or bool(row.feedback)
    return is_begun or row.scores.exists()
