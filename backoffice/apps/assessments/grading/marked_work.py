"""A submission with all that a grader sees of its grade, read with few statements."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch
from django.utils.crypto import salted_hmac

from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.rubrics.contents import criterion_contents, hash_of
from backoffice.apps.users.models import Enrollment

SALT = "backoffice.assessments.marked_work"
DIGITS = 20


@dataclass
class MarkedWork:
    """A submission, the rubric that marks it, and its marks by criterion and by question."""

    submission: AssessmentSubmission
    criteria: list[RubricCriterion]
    scores: dict[int, CriterionScore]
    responses: dict[int, QuestionResponse] = field(default_factory=dict)
    worth: dict[int, Any] = field(default_factory=dict)  # the points of each question

    @property
    def version(self) -> str:
        """The version of the grade and of the rubric it is given by, as a form carries it.

        Its number stands before the dash; behind it a digest that changes with either.
        """
        row = self.submission
        contents = contents_hash(self.criteria)
        parts = (row.lock_version(), row.marking_rubric_id, contents)
        digest = salted_hmac(SALT, repr(parts), algorithm="sha256").hexdigest()[:DIGITS]
        return f"{row.version}-{digest}"


def contents_hash(criteria: list[RubricCriterion]) -> str:
    """What criteria read with their levels say, as a hash."""
    return hash_of(tuple(criterion_contents(each, ordered_levels(each)) for each in criteria))


def ordered_levels(criterion: RubricCriterion) -> list[RubricLevel]:
    """The levels of a criterion that were read with it, the best first."""
    return sorted(criterion.levels.all(), key=lambda level: (-level.points, level.pk))


def work_to_mark() -> models.QuerySet[AssessmentSubmission]:
    """Submissions with what their marks rest on; `gets_no_grade` is true of who only assists."""
    assisting = Enrollment._base_manager.filter(
        student=OuterRef("student"), course=OuterRef("assessment__course")
    ).exclude(role="student")
    questions = Question._base_manager.filter(assessment=OuterRef("assessment"))
    rows: models.QuerySet[AssessmentSubmission] = AssessmentSubmission.objects.select_related(
        "assessment__course", "student"
    )
    return rows.annotate(gets_no_grade=Exists(assisting), has_questions=Exists(questions))


def marked_work(submission: Any) -> MarkedWork:
    """The marks of a submission from `work_to_mark`: three statements, two more with questions."""
    criteria: list[RubricCriterion] = []
    scores: dict[int, CriterionScore] = {}
    if submission.marking_rubric_id:
        criteria = criteria_of(submission.marking_rubric_id)
        rows = CriterionScore._base_manager.filter(submission=submission.pk)
        scores = {each.criterion_id: each for each in rows}
    work = MarkedWork(submission, criteria, scores)
    if submission.has_questions:
        answers = QuestionResponse._base_manager.filter(submission=submission.pk)
        work.responses = {each.question_id: each for each in answers}
        asked = Question._base_manager.filter(assessment=submission.assessment_id)
        work.worth = dict(asked.values_list("pk", "points"))
    return work


def criteria_of(rubric: int) -> list[RubricCriterion]:
    """The criteria of a rubric in their order, with their levels: two statements."""
    levels = Prefetch("levels", RubricLevel._base_manager.all())
    rows = RubricCriterion._base_manager.filter(rubric=rubric).order_by("position", "pk")
    return list(rows.prefetch_related(levels))
