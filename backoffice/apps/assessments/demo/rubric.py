"""The rubric by which the demo school's essays are marked."""

from collections.abc import Iterable

from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.courses.models import Course
from backoffice.audit.record.bulk_create import create_all
from backoffice.operations.demo import ensure

CRITERIA = (("Argument", 40), ("Sources", 30), ("Language", 30))
# title, percent of the criterion's points
LEVELS = (("Convincing", 100), ("Sound", 70), ("Thin", 40), ("Missing", 0))


def rubric_of(course: Course) -> GradingRubric:
    rubric = ensure(GradingRubric, {"course": course, "title": "Essay", "version": 1})
    if not rubric.criteria.exists():
        criteria = create_all(
            RubricCriterion(rubric=rubric, position=position, title=title, max_points=points)
            for position, (title, points) in enumerate(CRITERIA, 1)
        )
        create_all(
            RubricLevel(
                criterion=criterion,
                title=title,
                points=criterion.max_points * percent / 100,
                maximum=criterion.max_points,
            )
            for criterion in criteria
            for title, percent in LEVELS
        )
    return rubric


def mark(submissions: Iterable[AssessmentSubmission], rubric: GradingRubric) -> None:
    """Give points for each criterion to submissions that have none."""
    criteria = list(rubric.criteria.prefetch_related("levels"))
    create_all(
        CriterionScore(
            submission=submission,
            criterion=criterion,
            level=level,
            points=level.points,
            maximum=criterion.max_points,
        )
        for submission in submissions
        for criterion in criteria
        for level in [_level(criterion, submission)]
    )


def _level(criterion: RubricCriterion, submission: AssessmentSubmission) -> RubricLevel:
    best = sorted(criterion.levels.all(), key=lambda level: -level.points)
    return best[(submission.student_id + criterion.position) % 2]
