"""One piece of work at the desk: what was handed in, and the form it is graded with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import visible_fields
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.apps.assessments.desk.difference import TextPiece, difference
from backoffice.apps.assessments.desk.drafts import PLAIN
from backoffice.apps.assessments.desk.names import display_name
from backoffice.apps.assessments.desk.passages import Stretch, is_in, stretches
from backoffice.apps.assessments.grading.marked_work import (
    MarkedWork,
    criteria_of,
    ordered_levels,
    work_to_mark,
)
from backoffice.apps.assessments.models import (
    Annotation,
    AssessmentSubmission,
    CriterionScore,
    DeskPreference,
    GradeDraft,
    GradingNote,
    QuestionResponse,
    RubricCriterion,
)
from backoffice.apps.assessments.models.totals import score_of

Status = AssessmentSubmission.Status
GRADED_NOW = (Status.SUBMITTED, Status.GRADED)


def work_for(user: Any, assessment_id: int, number: int) -> AssessmentSubmission | None:
    """The submission as this person may read all of it; None for any other.

    It says in `is_gradable` whether the person may grade it, in `has_keys` whether single keys act
    for them, and has their own draft and note. One statement asks for all of it.
    """
    if visible_fields(user, AssessmentSubmission) is not None:
        return None
    gradable = AssessmentSubmission.objects.permitted_to(user, "grade").filter(pk=OuterRef("pk"))
    notes = GradingNote.objects.filter(submission=OuterRef("pk"), author=user.pk)
    drafts = GradeDraft.objects.filter(submission=OuterRef("pk"), grader=user.pk)
    without_keys = DeskPreference.objects.filter(person=user.pk, has_keys=False)
    related = ("assessment__course", "student", "grader", "flag__flagged_by")
    rows = permitted(work_to_mark(), user, "view").select_related(*related)
    rows = rows.filter(pk=number, assessment=assessment_id).annotate(
        is_gradable=Exists(gradable),
        note_text=Subquery(notes.values("text")[:1]),
        draft_payload=Subquery(drafts.values("payload")[:1]),
        draft_saved_at=Subquery(drafts.values("saved_at")[:1]),
        has_keys=~Exists(without_keys),
    )
    return rows.first()


def plain(points: Decimal | None) -> str:
    """Points as somebody would type them: 7, 12.5, blank for none."""
    if points is None:
        return ""
    text = f"{points:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass
class FormValues:
    """What stands in the form: what was typed, or else what is stored."""

    typed: Mapping[str, Any] = field(default_factory=dict)

    def of(self, name: str, stored: Any) -> str:
        value = self.typed.get(name)
        return str(value) if value is not None else str(stored or "")


@dataclass(frozen=True)
class LevelChoice:
    """A level of a criterion as a button; `key` is the digit that chooses it."""

    pk: int
    title: str
    description: str
    points: str
    key: str
    is_chosen: bool


@dataclass(frozen=True)
class CriterionMarks:
    """A criterion of the rubric with what it is marked with."""

    criterion: RubricCriterion
    name: str
    levels: list[LevelChoice]
    points: str
    comment: str
    errors: list[str]

    @property
    def most(self) -> str:
        return plain(self.criterion.max_points)


@dataclass(frozen=True)
class AnswerRow:
    """An answer to a question with its points."""

    response: QuestionResponse
    name: str
    score: str
    feedback: str
    is_current: bool
    errors: list[str]

    @property
    def most(self) -> str:
        return plain(self.response.maximum)


@dataclass(frozen=True)
class Passage:
    """A comment on a passage, counted from 1, and whether the text still has the passage."""

    number: int
    annotation: Annotation
    is_in_text: bool


class DeskWork:
    """What the page of a submission shows."""

    def __init__(
        self,
        submission: AssessmentSubmission,
        user: Any,
        typed: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.submission, self.user, self.errors = submission, user, errors or {}
        self.current_version = ""  # that of the grade a conflict shows
        draft = getattr(submission, "draft_payload", None)
        self.has_draft = typed is None and isinstance(draft, dict) and bool(draft)
        self.values = FormValues(draft if self.has_draft and draft else typed or {})

    @property
    def name(self) -> str:
        return display_name(self.submission)

    @property
    def is_open(self) -> bool:
        """Whether this person may grade it as it is now."""
        is_gradable: bool = getattr(self.submission, "is_gradable", False)
        return is_gradable and self.submission.status in GRADED_NOW

    @property
    def refusal(self) -> str:
        """Why nothing can be graded here; blank where it can."""
        if self.is_open:
            return ""
        if self.submission.status == Status.IN_PROGRESS:
            return _("This was not handed in yet, so there is nothing to grade.")
        if self.submission.status == Status.FINALIZED:
            return _("This grade is final. It takes two people to change it: ask on its page.")
        return _("You may read this work, and not grade it.")

    @property
    def score(self) -> str:
        return self.values.of("score", plain(self.submission.score))

    @property
    def feedback(self) -> str:
        return self.values.of("feedback", self.submission.feedback)

    @property
    def reason(self) -> str:
        """Why a posted grade is changed."""
        return self.values.of("reason", "")

    @property
    def version(self) -> str:
        """Which version of the grade the form was opened with; a draft's is the draft's."""
        return self.current_version or self.values.of("version", self.marked.version)

    @property
    def override_reason(self) -> str:
        return self.values.of("override_reason", self.submission.override_reason)

    @property
    def most(self) -> str:
        return plain(self.submission.limit)

    @cached_property
    def marked(self) -> MarkedWork:
        """The marks it has, by the rubric that marks it: the version of the form is theirs."""
        rubric = self.submission.marking_rubric_id
        if rubric is None:
            return MarkedWork(self.submission, [], {})
        scores = CriterionScore._base_manager.filter(submission=self.submission.pk)
        by_criterion = {each.criterion_id: each for each in scores}
        return MarkedWork(self.submission, criteria_of(rubric), by_criterion)

    @cached_property
    def criteria(self) -> list[CriterionMarks]:
        return [self._criterion(each) for each in self.marked.criteria]

    def _criterion(self, criterion: RubricCriterion) -> CriterionMarks:
        stored = self.marked.scores.get(criterion.pk)
        name = f"criterion-{criterion.pk}"
        chosen = self.values.of(f"{name}-level", stored.level_id if stored else "")
        points = self.values.of(f"{name}-points", plain(stored.points) if stored else "")
        comment = self.values.of(f"{name}-comment", stored.comment if stored else "")
        choices = [
            LevelChoice(
                level.pk,
                level.title,
                level.description,
                plain(level.points),
                str(number) if number < 10 else "",
                str(level.pk) == chosen,
            )
            for number, level in enumerate(ordered_levels(criterion), 1)
        ]
        return CriterionMarks(criterion, name, choices, points, comment, self._errors_of(name))

    def _errors_of(self, name: str) -> list[str]:
        """The errors of a field, and of the fields whose names begin with it."""
        named = [
            m for field, matches in self.errors.items() for m in matches if _is_of(field, name)
        ]
        return list(dict.fromkeys(named))

    @property
    def other_errors(self) -> list[str]:
        """What is wrong with fields that the page does not have: of other rubrics, of no row."""
        rows: list[Any] = [*self.criteria, *self.answers()]
        parts = [row.name for row in rows]
        others = [
            messages
            for field, messages in self.errors.items()
            if field not in PLAIN and not any(_is_of(field, name) for name in parts)
        ]
        return list(dict.fromkeys(message for messages in others for message in messages))

    def answers(self, question: int | None = None) -> list[AnswerRow]:
        """The answers with their points; with a question, which of them is asked about."""
        if not getattr(self.submission, "has_questions", True):
            return []
        rows = self.submission.responses.select_related("question")
        return [
            self._answer(each, each.question_id == question)
            for each in rows.order_by("question__position", "pk")
        ]

    def _answer(self, response: QuestionResponse, is_current: bool) -> AnswerRow:
        name = f"response-{response.question_id}"
        return AnswerRow(
            response,
            name,
            self.values.of(f"{name}-score", plain(response.score)),
            self.values.of(f"{name}-feedback", response.feedback),
            is_current,
            self._errors_of(name),
        )

    @cached_property
    def attempts(self) -> list[AssessmentSubmission]:
        """Every attempt of the student that was handed in, the first first."""
        rows = AssessmentSubmission._base_manager.filter(
            assessment=self.submission.assessment_id, student=self.submission.student_id
        )
        handed_in = rows.exclude(status=Status.IN_PROGRESS).defer("text", "feedback")
        return list(handed_in.order_by("attempt", "pk"))

    @property
    def newer(self) -> AssessmentSubmission | None:
        """An attempt that came after this one, the last of them."""
        later = [row for row in self.attempts if row.attempt > self.submission.attempt]
        return later[-1] if later else None

    @property
    def graded_before(self) -> AssessmentSubmission | None:
        """Of the attempts before this one the last that has a score; None once this one has."""
        earlier = [row for row in self.attempts if row.attempt < self.submission.attempt]
        graded = [row for row in earlier if row.score is not None]
        return graded[-1] if graded and self.submission.score is None else None

    def compared_with(self, attempt: int | None) -> list[TextPiece] | None:
        """What changed in the text since another attempt; None for none, or one too long."""
        other = next((row for row in self.attempts if row.attempt == attempt), None)
        return difference(other.text, self.submission.text) if other is not None else None

    @cached_property
    def passages(self) -> list[Passage]:
        rows = self.submission.annotations.select_related("author").order_by("start", "pk")
        text = self.submission.text
        return [Passage(n, each, is_in(text, each)) for n, each in enumerate(rows, 1)]

    def text(self) -> Iterator[Stretch]:
        """The text with the passages that have comments."""
        yield from stretches(
            self.submission.text, [passage.annotation for passage in self.passages]
        )

    @property
    def total(self) -> str:
        """What the criteria come to, as far as they have points."""
        numbers = {row.criterion.pk: _number(row.points) for row in self.criteria}
        known = {key: number for key, number in numbers.items() if number is not None}
        if not known:
            return ""
        return plain(score_of(known, self.marked.criteria, self.submission.limit))

    @property
    def rubric_most(self) -> str:
        added = (c.max_points for c in self.marked.criteria if not c.is_deduction)
        return plain(sum(added, Decimal(0)))

    @property
    def is_override(self) -> bool:
        """Whether the score in the form is another one than the marks give."""
        return bool(self.override_reason) or "override_reason" in self.errors


def _is_of(name: str, beginning: str) -> bool:
    return name == beginning or name.startswith(f"{beginning}-")


def _number(text: str) -> Decimal | None:
    """A number that the form itself wrote; what somebody types is read where it is saved."""
    parts = text.split(".")
    is_plain = len(parts) <= 2 and all(part.isascii() and part.isdigit() for part in parts)
    return Decimal(text) if is_plain and len(text) < 20 else None
