"""What becomes of a form that is sent: it is saved, refused, or meets another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk import drafts
from backoffice.apps.assessments.desk.conflict import GradeConflict, conflict_of
from backoffice.apps.assessments.desk.typed import grade_in
from backoffice.apps.assessments.grading.writing import StaleGrade, write_grade


@dataclass(frozen=True)
class SaveOutcome:
    """How a save ended: the status of the answer, and what is said of it."""

    status: int = 200
    message: str = ""
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    conflict: GradeConflict | None = None

    @property
    def is_saved(self) -> bool:
        return self.status == 200


def save(key: int, assessment: int, user: Any, typed: Mapping[str, str]) -> SaveOutcome:
    """Save what was typed, of work of this assessment; its draft is no longer needed then."""
    try:
        write_grade(key, grade_in(typed), user, assessment)
    except StaleGrade as stale:
        message = _("Nothing was saved: the grade changed while you were at it. Look at what is "
                    "different below, choose, and save again.")  # fmt: skip
        return SaveOutcome(409, message, conflict=conflict_of(stale.work, typed, user))
    except ValidationError as refusal:
        errors = errors_by_name(refusal)
        general = errors.pop(NON_FIELD_ERRORS, [])
        message = " ".join(general) or _("Nothing was saved. What is wrong stands below.")
        return SaveOutcome(422, message, errors)
    except PermissionDenied:
        return SaveOutcome(403, _("Nothing was saved: you may no longer grade this work."))
    drafts.drop(key, user)
    return SaveOutcome()


def errors_by_name(refusal: ValidationError) -> dict[str, list[str]]:
    """The messages by field; those of no field under Django's own name for it."""
    if hasattr(refusal, "error_dict"):
        return refusal.message_dict
    return {NON_FIELD_ERRORS: list(refusal.messages)}
