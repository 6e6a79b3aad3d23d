"""An assessment with two versions of its rubric, and work marked by the first."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.models.totals import score_of
from backoffice.apps.assessments.rubrics.move_writing import apply_move
from backoffice.apps.assessments.rubrics.moves import plan_move
from backoffice.apps.users.models import Enrollment, User

# Criterion: its levels, best first.
Levels = dict[str, Any]
FIRST: dict[str, Levels] = {
    "Argument": {"Strong": 40, "Sound": 25, "Weak": 10},
    "Sources": {"Strong": 40, "Sound": 20, "Weak": 0},
    "Style": {"Good": 20, "Poor": 5},
}
REASON = "The sources weigh less now."
TABLES = (
    "assessments_assessment",
    "assessments_submission",
    "assessments_criterionscore",
    "assessments_gradingrubric",
    "assessments_rubriccriterion",
    "assessments_rubriclevel",
)


def rubric_with(
    course: Any, criteria: dict[str, Levels], version: int = 1, **flags: Any
) -> GradingRubric:
    """A version of the rubric “Essay” with these criteria; a number is one without levels."""
    rubric = GradingRubric.objects.create(course=course, title="Essay", version=version)
    for position, (title, levels) in enumerate(criteria.items(), 1):
        most = max(levels.values()) if isinstance(levels, dict) else levels
        criterion: Any = RubricCriterion.objects.create(
            rubric=rubric, position=position, title=title, max_points=most, **flags.get(title, {})
        )
        for level, points in levels.items() if isinstance(levels, dict) else ():
            RubricLevel.objects.create(criterion=criterion, title=level, points=points)
    return rubric


def marked(essay: Assessment, author: Any, grader: Any, **levels: Any) -> AssessmentSubmission:
    """Work marked by levels, or by points where the criterion has none."""
    Enrollment.objects.get_or_create(course=essay.course, student=author)
    row = AssessmentSubmission.objects.create(assessment=essay, student=author, grader=grader)
    assert essay.rubric is not None
    for criterion in essay.rubric.criteria.filter(title__in=levels):
        given: Any = levels[criterion.title]
        level = criterion.levels.get(title=given) if isinstance(given, str) else None
        points = level.points if level else given
        comment = f"About {criterion.title}."
        CriterionScore.objects.create(
            submission=row, criterion=criterion, level=level, points=points, comment=comment
        )
    row.refresh_from_db()
    return row


@dataclass
class ManyWorks:
    """Graded work of one assessment, made at once."""

    essay: Assessment
    rows: list[AssessmentSubmission]


def many_marked(essay: Assessment, grader: Any, number: int) -> ManyWorks:
    """So many graded submissions; every fifth has a score by hand, every seventh lacks a mark."""
    rubric = essay.rubric
    assert rubric is not None
    criteria = list(rubric.criteria.prefetch_related("levels").order_by("position"))
    people = User.objects.bulk_create(
        User(username=f"m{n:05}", student_id=f"m{n:05}", role="student", password="!")
        for n in range(number)
    )
    Enrollment.objects.bulk_create(Enrollment(course=essay.course, student=p) for p in people)
    rows, marks = [], []
    for n, person in enumerate(people):
        levels = [list(each.levels.all())[(n // (i + 1)) % each.levels.count()]
                  for i, each in enumerate(criteria)]  # fmt: skip
        given = levels[: -1 if n % 7 == 0 else None]
        points = {each.criterion_id: each.points for each in given}
        computed = None if n % 7 == 0 else score_of(points, criteria, essay.max_score)
        by_hand = n % 5 == 0 or computed is None
        rows.append(AssessmentSubmission(
            assessment=essay, student=person, status="graded", maximum=essay.max_score,
            computed_score=computed, score=Decimal(60) if by_hand else computed,
            override_reason="A kind day." if by_hand else "", rubric=rubric, grader=grader,
        ))  # fmt: skip
        marks.append(given)
    rows = AssessmentSubmission.objects.bulk_create(rows)
    CriterionScore.objects.bulk_create(
        CriterionScore(
            submission=row, criterion_id=each.criterion_id, level=each, points=each.points,
            maximum=each.maximum, comment="Well.",
        )
        for row, given in zip(rows, marks, strict=True)
        for each in given
    )  # fmt: skip
    return ManyWorks(essay, rows)


def move(essay: Assessment, new: GradingRubric, by: Any) -> Any:
    """Move as the page does: by the digest of the plan of now."""
    essay.refresh_from_db()
    return apply_move(essay, new, plan_move(essay, new).digest, by, REASON)
