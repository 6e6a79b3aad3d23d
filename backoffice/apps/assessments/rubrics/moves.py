"""What becomes of each grade of an assessment when it is marked by another rubric from now on.

Computed from what is stored, and nothing is written here: see move_writing.py.

A grade whose marks all stand in the other rubric follows them. Where a criterion of the other
rubric gets no points, the work keeps the marks that could be carried and its score, and has to be
looked at again. Final grades stay with the rubric they were given by.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from backoffice.apps.assessments.grading.marked_work import criteria_of
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
)
from backoffice.apps.assessments.models.totals import score_of
from backoffice.apps.assessments.rubrics.contents import contents_hashes, plain_points
from backoffice.apps.assessments.rubrics.matching import (
    CarriedMark,
    CriterionMatch,
    GivenMark,
    RubricMatch,
    match_rubrics,
)

SALT = "backoffice.assessments.rubric_move"
FINALIZED = AssessmentSubmission.Status.FINALIZED


@dataclass(frozen=True)
class WorkMove:
    """A marked submission, as it is and as it would be."""

    submission: AssessmentSubmission
    marks: tuple[CarriedMark, ...]
    dropped: tuple[GivenMark, ...]  # which stand for nothing in the other rubric
    missing: tuple[RubricCriterion, ...]  # of the other rubric, without points then
    computed: Decimal | None
    score: Decimal | None
    override_reason: str
    is_incomplete: bool  # a grader has to look at it again

    @property
    def change(self) -> Decimal:
        """By how many points the score changes; 0 for work without one."""
        before = self.submission.score
        if before is None or self.score is None:
            return Decimal(0)
        return self.score - before

    @property
    def is_override(self) -> bool:
        """Whether the score is not the one that the criteria give then."""
        return None not in (self.computed, self.score) and self.computed != self.score

    @property
    def is_posted(self) -> bool:
        """Whether the student has seen the grade."""
        return getattr(self.submission, "posted_at", None) is not None


@dataclass
class RubricMovePlan:
    """All that a move would do, and the digest of all that this follows from."""

    assessment: Assessment
    old: GradingRubric
    new: GradingRubric
    match: RubricMatch
    digest: str
    works: list[WorkMove] = field(default_factory=list)
    final: list[AssessmentSubmission] = field(default_factory=list)
    # They name another rubric that they are marked by, and stay with it.
    elsewhere: list[AssessmentSubmission] = field(default_factory=list)
    unmarked: int = 0

    @cached_property
    def graded(self) -> list[WorkMove]:
        """Work with a score, the largest change first."""
        rows = [each for each in self.works if each.score is not None]
        return sorted(rows, key=lambda each: (-abs(each.change), each.submission.pk))

    @cached_property
    def changed(self) -> list[WorkMove]:
        return [each for each in self.graded if each.change]

    @cached_property
    def incomplete(self) -> list[WorkMove]:
        return [each for each in self.works if each.is_incomplete]

    @cached_property
    def overrides(self) -> list[WorkMove]:
        """Scores that were given by hand and stay beside what the criteria give then."""
        return [each for each in self.graded if each.is_override]

    @cached_property
    def posted(self) -> list[WorkMove]:
        return [each for each in self.changed if each.is_posted]

    def crossing(self, *, upwards: bool) -> list[WorkMove]:
        """Whose score reaches the passing score by the move, or falls below it."""
        mark = self.assessment.passing_score
        if mark is None:
            return []
        return [
            each
            for each in self.changed
            if each.score is not None
            and each.submission.score is not None
            and (each.submission.score >= mark, each.score >= mark) == (not upwards, upwards)
        ]

    @cached_property
    def dropped_counts(self) -> Counter[int]:
        """How many marks of each old criterion cannot be carried."""
        return Counter(mark.criterion for each in self.works for mark in each.dropped)


def plan_move(assessment: Assessment, new: GradingRubric) -> RubricMovePlan:
    """The plan of a move from the assessment's rubric to another; 8 statements."""
    old = assessment.rubric
    if old is None:
        raise ValueError("An assessment without a rubric has nothing to carry over.")
    rows = AssessmentSubmission._base_manager.filter(assessment=assessment.pk)
    submissions = list(rows.select_related("student").order_by("pk"))
    marks = _marks_of(assessment)
    match = match_rubrics(criteria_of(old.pk), news := criteria_of(new.pk))
    plan = RubricMovePlan(
        assessment, old, new, match, _digest(assessment, old, new, submissions, marks)
    )
    planner = _WorkPlanner(match, news)
    for row in submissions:
        _place(plan, planner, row, marks[row.pk])
    return plan


def _marks_of(assessment: Assessment) -> defaultdict[int, list[GivenMark]]:
    names = ("pk", "submission_id", "criterion_id", "level_id", "points", "comment")
    rows = CriterionScore._base_manager.filter(submission__assessment=assessment.pk)
    marks: defaultdict[int, list[GivenMark]] = defaultdict(list)
    for values in rows.order_by("submission_id", "pk").values_list(*names):
        marks[values[1]].append(GivenMark(*values))
    return marks


def _place(
    plan: RubricMovePlan, planner: "_WorkPlanner", row: AssessmentSubmission, marks: list[GivenMark]
) -> None:
    if row.status == FINALIZED:
        plan.final.append(row)
    elif row.rubric_id not in (None, plan.old.pk):
        plan.elsewhere.append(row)
    elif not (marks or row.rubric_id):
        plan.unmarked += 1
    else:
        plan.works.append(planner.planned(row, marks))


def _digest(
    assessment: Assessment,
    old: GradingRubric,
    new: GradingRubric,
    submissions: list[AssessmentSubmission],
    marks: dict[int, list[GivenMark]],
) -> str:
    """What changes with anything that the answer follows from."""
    hashes = contents_hashes([old.pk, new.pk])
    passing = assessment.passing_score
    limits = (
        assessment.pk,
        plain_points(Decimal(assessment.max_score)),
        None if passing is None else plain_points(Decimal(passing)),
    )
    works = [
        (row.lock_version(), [tuple(map(str, mark)) for mark in marks.get(row.pk, ())])
        for row in submissions
    ]
    whole = repr((limits, old.pk, hashes[old.pk], new.pk, hashes[new.pk], works))
    return salted_hmac(SALT, whole, algorithm="sha256").hexdigest()


class _WorkPlanner:
    """Carries the marks of one submission after the other."""

    def __init__(self, match: RubricMatch, criteria: list[RubricCriterion]) -> None:
        self.by_criterion = match.by_criterion
        self.old = [each.old for each in match.matches]
        self.new = criteria

    def planned(self, row: AssessmentSubmission, marks: list[GivenMark]) -> WorkMove:
        """What becomes of a submission with these marks."""
        pairs = [(mark, self._carried(mark)) for mark in marks]
        carried = tuple(new for _mark, new in pairs if new)
        dropped = tuple(mark for mark, new in pairs if new is None)
        before = row.computed_score
        if before is None:
            before = self._sum({each.criterion: each.points for each in marks}, self.old, row)
        points = {each.criterion: each.points for each in carried}
        computed = self._sum(points, self.new, row)
        score, override = _score_then(row, before, computed)
        missing = tuple(each for each in self.new if each.pk not in points)
        return WorkMove(
            submission=row,
            marks=carried,
            dropped=dropped,
            missing=missing,
            computed=computed,
            score=score,
            override_reason=override,
            is_incomplete=computed is None and (bool(dropped) or before is not None),
        )

    def _carried(self, mark: GivenMark) -> CarriedMark | None:
        match: CriterionMatch | None = self.by_criterion.get(mark.criterion)
        return match.carried(mark) if match else None

    def _sum(
        self, points: dict[int, Decimal], criteria: list[RubricCriterion], row: Any
    ) -> Decimal | None:
        """The score that marks give; None while a criterion has none."""
        if not criteria or any(each.pk not in points for each in criteria):
            return None
        return score_of(points, criteria, row.maximum)


def _score_then(
    row: AssessmentSubmission, before: Decimal | None, computed: Decimal | None
) -> tuple[Decimal | None, str]:
    """The score and the reason of an override, where the criteria give another sum."""
    if row.score is None or computed is None:
        return row.score, row.override_reason
    if row.score == before:
        return computed, ""
    if row.score == computed:
        return computed, ""
    by_hand = _("The score was given by itself, before the work was marked by another rubric.")
    return row.score, row.override_reason or by_hand


def movable_to(assessment: Assessment) -> list[GradingRubric]:
    """The course's other rubrics; versions of the assessment's own first, the newest before."""
    rows = GradingRubric._base_manager.filter(course=assessment.course_id)
    own = assessment.rubric
    others = rows.exclude(pk=assessment.rubric_id).order_by("title", F("version").desc())
    return sorted(others, key=lambda each: own is None or each.title != own.title)


def incomplete_work(assessment: Assessment) -> models.QuerySet[AssessmentSubmission]:
    """Work with a score and some marks whose criteria do not all have points: to look at again."""
    marks = CriterionScore._base_manager.filter(submission=OuterRef("pk"))
    rows = AssessmentSubmission._base_manager.filter(
        Exists(marks), assessment=assessment.pk, score__isnull=False, computed_score=None
    )
    return rows.exclude(status=FINALIZED).select_related("student").order_by("pk")
