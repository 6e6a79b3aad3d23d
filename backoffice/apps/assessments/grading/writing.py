"""One save of a grade: marks, comments, feedback and score in one transaction, or nothing.

Whoever saves says which version they started from. A grade that changed since is not overwritten.
"""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.grading.marked_work import (
    MarkedWork,
    marked_work,
    work_to_mark,
)
from backoffice.apps.assessments.grading.marks_input import (
    MarkInput,
    MarkSheet,
    differing,
    store_rows,
)
from backoffice.apps.assessments.grading.posting import refuse_short_reason
from backoffice.apps.assessments.grading.states import status_with
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    QuestionResponse,
)
from backoffice.apps.assessments.models.finality import FINAL_MESSAGE
from backoffice.apps.assessments.models.rubrics import hold_rubric
from backoffice.apps.assessments.models.totals import score_of
from backoffice.audit.record.recording import recording

NONE = Decimal(0)


@dataclass(frozen=True)
class AnswerInput:
    """What is given for the answer to one question, by the key of the question."""

    score: Decimal | None = None
    feedback: str = ""


@dataclass(frozen=True)
class GradeInput:
    """A whole grade as it is saved: `version` is that of the grade it was opened with.

    Criteria and questions that are not named stay as they are. `score` in points; None where it
    follows from criteria or questions, or where there is none yet.
    """

    version: str
    score: Decimal | None = None
    feedback: str = ""
    override_reason: str = ""
    reason: str = ""  # why it is changed; needed where the grade is posted
    criteria: Mapping[int, MarkInput] = field(default_factory=dict)
    answers: Mapping[int, AnswerInput] = field(default_factory=dict)


class StaleGrade(Exception):
    """The grade, or the rubric it is given by, changed since the form was opened."""

    def __init__(self, work: MarkedWork) -> None:
        super().__init__("The grade changed since the form was opened.")
        self.work = work


def write_grade(
    key: int, entry: GradeInput, grader: Any, assessment: int | None = None
) -> MarkedWork:
    """Store a grade, and return the work as it stands then; with an assessment, of its work only.

    What is stored already, by the same grader, is not stored twice: a second click is one save.
    Raises PermissionDenied where the person may not grade this work, StaleGrade where somebody was
    faster, and ValidationError, by the names of the form, for what a rule refuses.
    """
    with transaction.atomic():
        work = _locked(key, grader, {} if assessment is None else {"assessment": assessment})
        plan = _GradePlan(work, entry, grader)
        if work.version != entry.version:
            if entry.version and plan.is_stored_by(grader):
                return work
            raise StaleGrade(work)
        plan.refuse()
        with recording(reason=entry.reason.strip()) if plan.is_posted else nullcontext():
            plan.write()
        return work


def _locked(key: int, grader: Any, place: Mapping[str, int]) -> MarkedWork:
    rows = work_to_mark().permitted_to(grader, "grade")  # type: ignore[attr-defined]  # ours
    submission = rows.select_for_update(of=("self",)).filter(pk=key, **place).first()
    if submission is None:
        raise PermissionDenied
    if submission.marking_rubric_id:
        hold_rubric(submission.marking_rubric_id)
    return marked_work(submission)


class _GradePlan:
    """What a save would store, and what is wrong with it."""

    def __init__(self, work: MarkedWork, entry: GradeInput, grader: Any) -> None:
        self.work, self.entry, self.grader = work, entry, grader
        self.row: Any = work.submission  # with the annotations of `work_to_mark`
        make = partial(CriterionScore, submission=self.row)
        self.sheet = MarkSheet(work.criteria, work.scores, make)
        self.sheet.enter(entry.criteria)
        self.errors, self._add = self.sheet.errors, self.sheet.add_error
        self.scores: dict[int, CriterionScore] = self.sheet.marks
        self.answers = self._answers()
        self.computed = self._computed()
        self.score = self._score()
        self.override = entry.override_reason.strip()
        if None in (self.computed, self.score) or self.computed == self.score:
            self.override = ""

    def _answers(self) -> dict[int, QuestionResponse]:
        answers = dict(self.work.responses)
        for key, mark in self.entry.answers.items():
            stored = answers.get(key)
            if stored is None:
                message = _("This question belongs to another assessment, or was not answered.")
                self._add(f"response-{key}-score", message, "other_assessment")
                continue
            if mark.score is not None and not 0 <= mark.score <= stored.maximum:
                message = _("The question gives from 0 to %(most)s points.")
                values = {"most": f"{stored.maximum.normalize():f}"}
                self._add(f"response-{key}-score", message % values, "out_of_range")
            answers[key] = QuestionResponse(
                submission_id=stored.submission_id,
                question_id=key,
                answer=stored.answer,
                maximum=stored.maximum,
                score=mark.score,
                feedback=mark.feedback,
            )
        return answers

    def _computed(self) -> Decimal | None:
        """The score that criteria or questions give then; None while one has no points."""
        if self.work.criteria:
            if self.sheet.missing:
                return None
            points = {key: score.points for key, score in self.scores.items()}
            return score_of(points, self.work.criteria, self.row.limit)
        worth = self.work.worth
        points_of = {key: each.score for key, each in self.answers.items()}
        is_whole = worth and sum(worth.values(), NONE) == self.row.maximum
        if not is_whole or any(points_of.get(key) is None for key in worth):
            return None
        return sum((points_of[key] or NONE for key in worth), NONE)

    def _score(self) -> Decimal | None:
        """The score that is typed; the computed one where none is, or where it followed it."""
        typed, before = self.entry.score, self.row.computed_score
        followed = typed is not None and typed == self.row.score == before
        if self.computed is not None and (typed is None or followed):
            return self.computed
        return typed

    def refuse(self) -> None:
        """Raise ValidationError with all that a rule refuses, by the names of the form."""
        if self.row.status == AssessmentSubmission.Status.FINALIZED:
            raise ValidationError(FINAL_MESSAGE, code="final")
        if self.row.gets_no_grade:
            self._add("score", str(AssessmentSubmission.presence_rules[1].message), "not_graded")
        self._check_score()
        self._check_reason()
        if self.errors:
            raise ValidationError(self.errors)

    def _check_score(self) -> None:
        if self.score is not None and not 0 <= self.score <= self.row.limit:
            message = _("The score is from 0 to %(most)s points.")
            values = {"most": f"{self.row.limit.normalize():f}"}
            self._add("score", message % values, "out_of_range")
            return
        try:
            status_with(self.row.status, self.score)
        except ValidationError as refusal:
            self.errors.setdefault("score", []).extend(refusal.error_dict["score"])
        is_override = None not in (self.computed, self.score) and self.computed != self.score
        if is_override and not self.override:
            message = _(
                "Criteria or questions give %(computed)s points, and the score says %(score)s. "
                "Clear the score to take the sum, or say why it differs."
            )
            values = {"computed": _plain(self.computed), "score": _plain(self.score)}
            self._add("override_reason", message % values, "override_unexplained")

    @property
    def is_posted(self) -> bool:
        return bool(self.row.is_posted)

    def _check_reason(self) -> None:
        if self.is_posted and self._is_changed():
            try:
                refuse_short_reason(self.entry.reason)
            except ValidationError as refusal:
                self.errors.setdefault("reason", []).extend(refusal.error_dict["reason"])

    def is_stored_by(self, grader: Any) -> bool:
        """Whether all of it stands there already, stored by this person."""
        return self.row.grader_id == grader.pk and not self.errors and not self._is_changed()

    def _is_changed(self) -> bool:
        values = (self.score, self.entry.feedback, self.override, self.computed)
        row = self.row
        stored = (row.score, row.feedback, row.override_reason, row.computed_score)
        return values != stored or any(True for _each in self._changed_marks())

    def _changed_marks(self) -> Iterator[Any]:
        yield from self.sheet.changed()
        yield from differing(self.answers, self.work.responses)

    def write(self) -> None:
        """Store what differs, as one version of the grade; nothing where nothing does."""
        if not self._is_changed():
            return
        self.sheet.store(CriterionScore, "submission")
        store_rows(QuestionResponse, ("submission", "question"), ("score", "feedback"),
                   differing(self.answers, self.work.responses))  # fmt: skip
        self._write_submission()
        self.work.scores, self.work.responses = self.scores, self.answers

    def _write_submission(self) -> None:
        row = self.row
        row.status = status_with(row.status, self.score)
        row.score, row.computed_score = self.score, self.computed
        row.feedback, row.override_reason = self.entry.feedback, self.override
        row.grader, row.graded_at = self.grader, timezone.now()
        row.version += 1
        if self.scores and row.rubric_id is None:
            row.rubric_id = row.marking_rubric_id
        names = ("status", "score", "computed_score", "feedback", "override_reason", "grader_id",
                 "graded_at", "version", "rubric_id")  # fmt: skip
        # Locked and checked: `save()` would ask once more for each rule.
        rows = AssessmentSubmission._base_manager.filter(pk=row.pk)
        rows.update(**{name: getattr(row, name) for name in names})


def _plain(points: Decimal | None) -> str:
    return f"{points.normalize():f}" if points else "0"
