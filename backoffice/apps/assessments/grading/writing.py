"""One save of a grade: marks, comments, feedback and score in one transaction, or nothing.

Whoever saves says which version they started from. A grade that changed since is not overwritten.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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
from backoffice.apps.assessments.grading.states import status_with
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    QuestionResponse,
    RubricCriterion,
)
from backoffice.apps.assessments.models.finality import FINAL_MESSAGE
from backoffice.apps.assessments.models.levels import is_broken
from backoffice.apps.assessments.models.rubrics import hold_rubric
from backoffice.apps.assessments.models.totals import score_of

Errors = dict[str, list[ValidationError]]
NONE = Decimal(0)


@dataclass(frozen=True)
class MarkInput:
    """What is given for one criterion: a level's key, points, a comment; None for a blank one."""

    level: int | None = None
    points: Decimal | None = None
    comment: str = ""

    @property
    def is_blank(self) -> bool:
        return self.level is None and self.points is None and not self.comment


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
    criteria: Mapping[int, MarkInput] = field(default_factory=dict)
    answers: Mapping[int, AnswerInput] = field(default_factory=dict)


class StaleGrade(Exception):
    """The grade, or the rubric it is given by, changed since the form was opened."""

    def __init__(self, work: MarkedWork) -> None:
        super().__init__("The grade changed since the form was opened.")
        self.work = work


def write_grade(
    key: int, given: GradeInput, grader: Any, assessment: int | None = None
) -> MarkedWork:
    """Store a grade, and return the work as it stands then; with an assessment, of its work only.

    What is stored already, by the same grader, is not stored twice: a second click is one save.
    Raises PermissionDenied where the person may not grade this work, StaleGrade where somebody was
    faster, and ValidationError, by the names of the form, for what a rule refuses.
    """
    with transaction.atomic():
        work = _locked(key, grader, {} if assessment is None else {"assessment": assessment})
        plan = _GradePlan(work, given, grader)
        if work.version != given.version:
            if given.version and plan.is_stored_by(grader):
                return work
            raise StaleGrade(work)
        plan.refuse()
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

    def __init__(self, work: MarkedWork, given: GradeInput, grader: Any) -> None:
        self.work, self.given, self.grader = work, given, grader
        self.row: Any = work.submission  # with the annotations of `work_to_mark`
        self.errors: Errors = {}
        self.criteria = {each.pk: each for each in work.criteria}
        self.scores = self._scores()
        self.answers = self._answers()
        self.computed = self._computed()
        self.score = self._score()
        self.override = given.override_reason.strip()
        if None in (self.computed, self.score) or self.computed == self.score:
            self.override = ""

    def _scores(self) -> dict[int, CriterionScore]:
        """The marks as they would be, by criterion; a blank one is none."""
        scores = dict(self.work.scores)
        for key, mark in self.given.criteria.items():
            criterion = self.criteria.get(key)
            if criterion is None:
                message = _("This criterion belongs to another rubric than the work is marked by.")
                self._add(f"criterion-{key}-level", message, "other_rubric")
            elif mark.is_blank:
                scores.pop(key, None)
            else:
                self._put(scores, criterion, mark)
        return scores

    def _put(
        self, scores: dict[int, CriterionScore], criterion: RubricCriterion, mark: MarkInput
    ) -> None:
        name = f"criterion-{criterion.pk}"
        levels = {level.pk: level for level in criterion.levels.all()}
        level = levels.get(mark.level) if mark.level is not None else None
        if mark.level is not None and level is None:
            message = _("This level belongs to another criterion. Choose one of “%(criterion)s”.")
            self._add(f"{name}-level", message % {"criterion": criterion}, "other_criterion")
            return
        points = level.points if mark.points is None and level else mark.points
        if points is None:
            message = _("“%(criterion)s” has a comment and no points. Choose a level, or say how "
                        "many points.")  # fmt: skip
            self._add(f"{name}-points", message % {"criterion": criterion}, "no_points")
            return
        score = CriterionScore(
            submission=self.row,
            criterion=criterion,
            level=level,
            points=points,
            comment=mark.comment,
            maximum=criterion.max_points,
        )
        self._check_points(score, f"{name}-points")
        scores[criterion.pk] = score

    def _check_points(self, score: CriterionScore, name: str) -> None:
        if not 0 <= score.points <= score.maximum:
            message = _("“%(criterion)s” gives from 0 to %(most)s points.")
            values = {"criterion": score.criterion, "most": f"{score.maximum.normalize():f}"}
            self._add(name, message % values, "out_of_range")
        elif is_broken(score):
            for rule in CriterionScore.trigger_rules:
                if rule.is_broken is is_broken:
                    self._add(name, str(rule.message), rule.code)

    def _answers(self) -> dict[int, QuestionResponse]:
        answers = dict(self.work.responses)
        for key, mark in self.given.answers.items():
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
            if self.criteria.keys() - self.scores.keys():
                return None
            points = {key: score.points for key, score in self.scores.items()}
            return score_of(points, self.work.criteria, self.row.maximum)
        worth = self.work.worth
        points_of = {key: each.score for key, each in self.answers.items()}
        is_whole = worth and sum(worth.values(), NONE) == self.row.maximum
        if not is_whole or any(points_of.get(key) is None for key in worth):
            return None
        return sum((points_of[key] or NONE for key in worth), NONE)

    def _score(self) -> Decimal | None:
        """The score that is typed; the computed one where none is, or where it followed it."""
        typed, before = self.given.score, self.row.computed_score
        followed = typed is not None and typed == self.row.score == before
        if self.computed is not None and (typed is None or followed):
            return self.computed
        return typed

    def _add(self, name: str, message: str, code: str) -> None:
        self.errors.setdefault(name, []).append(ValidationError(message, code=code))

    def refuse(self) -> None:
        """Raise ValidationError with all that a rule refuses, by the names of the form."""
        if self.row.status == AssessmentSubmission.Status.FINALIZED:
            raise ValidationError(FINAL_MESSAGE, code="final")
        if self.row.gets_no_grade:
            self._add("score", str(AssessmentSubmission.presence_rules[1].message), "not_graded")
        self._check_score()
        if self.errors:
            raise ValidationError(self.errors)

    def _check_score(self) -> None:
        if self.score is not None and not 0 <= self.score <= self.row.maximum:
            message = _("The score is from 0 to %(most)s points.")
            values = {"most": f"{self.row.maximum.normalize():f}"}
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

    def is_stored_by(self, grader: Any) -> bool:
        """Whether all of it stands there already, stored by this person."""
        return self.row.grader_id == grader.pk and not self.errors and not self._is_changed()

    def _is_changed(self) -> bool:
        values = (self.score, self.given.feedback, self.override, self.computed)
        row = self.row
        stored = (row.score, row.feedback, row.override_reason, row.computed_score)
        return values != stored or any(True for _each in self._changed_marks())

    def _changed_marks(self) -> Iterator[Any]:
        yield from _differing(self.scores, self.work.scores)
        yield from _differing(self.answers, self.work.responses)
        yield from self._removed()

    def _removed(self) -> list[CriterionScore]:
        return [score for key, score in self.work.scores.items() if key not in self.scores]

    def write(self) -> None:
        """Store what differs, as one version of the grade; nothing where nothing does."""
        if not self._is_changed():
            return
        _store(CriterionScore, ("submission", "criterion"), ("level", "points", "comment"),
               _differing(self.scores, self.work.scores))  # fmt: skip
        _store(QuestionResponse, ("submission", "question"), ("score", "feedback"),
               _differing(self.answers, self.work.responses))  # fmt: skip
        if removed := self._removed():
            keys = [score.pk for score in removed]
            CriterionScore._base_manager.filter(pk__in=keys).delete()
        self._write_submission()
        self.work.scores, self.work.responses = self.scores, self.answers

    def _write_submission(self) -> None:
        row = self.row
        row.status = status_with(row.status, self.score)
        row.score, row.computed_score = self.score, self.computed
        row.feedback, row.override_reason = self.given.feedback, self.override
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


def _differing(marks: Mapping[int, Any], stored: Mapping[int, Any]) -> list[Any]:
    """Those of the marks that are new, or differ from the stored one in what is given."""
    return [
        mark
        for key, mark in marks.items()
        if key not in stored or _marks_of(mark) != _marks_of(stored[key])
    ]


def _marks_of(mark: Any) -> tuple[Any, ...]:
    return tuple(getattr(mark, name) for name in mark.marks)


def _store(
    model: Any, unique: tuple[str, ...], changed: tuple[str, ...], rows: Iterable[Any]
) -> None:
    """Insert or update these rows by one statement."""
    made = list(rows)
    if made:
        model._base_manager.bulk_create(
            made, update_conflicts=True, unique_fields=unique, update_fields=changed
        )
