"""What was typed into the form of the desk, read as a grade."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.admin_site.models.points import PointsFormField
from backoffice.admin_site.pages.related_links import KEY
from backoffice.apps.assessments.desk.drafts import PARTS
from backoffice.apps.assessments.grading.marks_input import MarkInput
from backoffice.apps.assessments.grading.writing import AnswerInput, GradeInput
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    QuestionResponse,
)

PART = re.compile(
    r"(?:criterion-([0-9]{1,18})-(?:level|points|comment)|response-([0-9]{1,18})-(?:score|feedback))"
)
POINTS = PointsFormField(required=False, max_digits=7, decimal_places=2)
FEEDBACK = AssessmentSubmission._meta.get_field("feedback")
REASON = AssessmentSubmission._meta.get_field("override_reason")
COMMENT = CriterionScore._meta.get_field("comment")
LONGEST = 50_000  # characters of one field
ANSWER_FEEDBACK = QuestionResponse._meta.get_field("feedback")
Typed = Mapping[str, str]


class TypedReader:
    """Reads field after field, and collects what cannot be read."""

    def __init__(self, typed: Typed) -> None:
        self.typed = typed
        self.errors: dict[str, list[str]] = {}

    def value(self, name: str, clean: Callable[[str], Any], otherwise: Any) -> Any:
        try:
            return clean(self.typed.get(name, ""))
        except ValidationError as error:
            self.errors[name] = list(error.messages)
            return otherwise

    def points(self, name: str) -> Decimal | None:
        points: Decimal | None = self.value(name, POINTS.clean, None)
        return points

    def text(self, name: str, field: Any) -> str:
        text: str = self.value(name, lambda typed: field.clean(limited(typed), None), "")
        return text

    def level(self, name: str) -> int | None:
        level: int | None = self.value(name, _level, None)
        return level

    def marks(self) -> dict[int, MarkInput]:
        """What is given for each criterion that the form names, by its key."""
        return {
            key: MarkInput(
                level=self.level(f"criterion-{key}-level"),
                points=self.points(f"criterion-{key}-points"),
                comment=self.text(f"criterion-{key}-comment", COMMENT),
            )
            for key in _keys(self.typed, 1)
        }


def limited(text: str) -> str:
    """The text. Raises ValidationError for one that is too long: nothing is cut off."""
    if len(text) > LONGEST:
        message = _("This has %(count)d characters. Shorten it to %(most)d.")
        values = {"count": len(text), "most": LONGEST}
        raise ValidationError(message, "too_long", values)
    return text


def _level(text: str) -> int | None:
    if text and not KEY.fullmatch(text):
        raise ValidationError(_("This is no level. Choose one of the criterion."), code="invalid")
    return int(text) if text else None


def _refuse_unknown(reader: TypedReader) -> None:
    message = _("This names no criterion and no question.")
    for name in reader.typed:
        if name.startswith(PARTS) and not PART.fullmatch(name):
            reader.errors[name] = [message]


def _keys(typed: Typed, group: int) -> Iterator[int]:
    """The keys of the criteria (1) or questions (2) that the form names."""
    matches = (PART.fullmatch(name) for name in typed)
    yield from dict.fromkeys(int(match[group]) for match in matches if match and match[group])


def grade_in(typed: Typed) -> GradeInput:
    """The grade that was typed.

    Raises ValidationError, by the names of the form, with all that cannot be read.
    """
    reader = TypedReader(typed)
    _refuse_unknown(reader)
    answers = {
        key: AnswerInput(
            score=reader.points(f"response-{key}-score"),
            feedback=reader.text(f"response-{key}-feedback", ANSWER_FEEDBACK),
        )
        for key in _keys(typed, 2)
    }
    grade = GradeInput(
        version=typed.get("version", ""),
        score=reader.points("score"),
        feedback=reader.text("feedback", FEEDBACK),
        override_reason=reader.text("override_reason", REASON),
        reason=reader.text("reason", REASON),
        criteria=reader.marks(),
        answers=answers,
    )
    if reader.errors:
        raise ValidationError(reader.errors)
    return grade
