"""What becomes of a form that is sent: it is saved, refused, or meets another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk import drafts
from backoffice.apps.assessments.models import AssessmentSubmission


@dataclass(frozen=True)
class SaveOutcome:
    """How a save ended: the status of the answer, and what is said of it."""

    status: int = 200
    message: str = ""
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    conflict: Any = None

    @property
    def is_saved(self) -> bool:
        return self.status == 200


def save(submission: AssessmentSubmission, user: Any, typed: Mapping[str, str]) -> SaveOutcome:
    """Save what was typed; what is refused is kept as a draft, so that nothing typed is lost."""
    outcome = _write(submission, user, typed)
    if outcome.is_saved:
        drafts.drop(submission, user)
    else:
        drafts.keep(submission, user, typed)
    return outcome


def _write(submission: AssessmentSubmission, user: Any, typed: Mapping[str, str]) -> SaveOutcome:
    return SaveOutcome(422, _("Nothing was saved. What you typed is kept."))
