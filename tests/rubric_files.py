"""A file of rubrics as Canvas writes it, and what became of it."""

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
from backoffice.apps.users.models import Enrollment, User

HEADER = "Rubric Name,Criteria Name,Criteria Description,Criteria Enable Range"
NONE = ("None", "", 0)
GROUP = ",Rating Name,Rating Description,Rating Points"
ESSAY = f"""{HEADER}{GROUP}{GROUP}{GROUP}
Essay,Argument,Is it supported?,true,Strong,Every claim,10,Weak,Some claims,4.5,None,,0
Talk,Voice,,false,Clear,,5,Unclear,,0,,,
Essay,Sources,,,Many,,6,Few,,2,,,
"""


def stored() -> list[tuple[str, int, str, str, bool, Decimal, list[tuple[str, str, Decimal]]]]:
    """All rubrics, criterion by criterion, each with its levels."""
    return [
        (
            c.rubric.title,
            c.position,
            c.title,
            c.description,
            c.has_ranges,
            c.max_points,
            [(level.title, level.description, level.points) for level in c.levels.all()],
        )
        for c in RubricCriterion.objects.order_by("rubric__title", "position")
    ]


def counts(batch: Any) -> tuple[int, ...]:
    return batch.rows, batch.created, batch.updated, batch.unchanged, batch.rejected


def issue_messages(batch: Any) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def history() -> int:
    models = (GradingRubric, RubricCriterion, RubricLevel)
    return sum(model.history.count() for model in models)


def marked_by(title: str) -> None:
    """Somebody's work is marked by the rubric."""
    rubric = GradingRubric.objects.get(title=title)
    paper = Assessment.objects.create(course=rubric.course, code="TMA01", rubric=rubric)
    student = User.objects.create(username="s1", student_id="s1001", role="student", is_staff=False)
    Enrollment.objects.create(student=student, course=rubric.course, enrolled_on="2026-02-01")
    work = AssessmentSubmission.objects.create(assessment=paper, student=student, attempt=1)
    criterion = rubric.criteria.first()
    CriterionScore.objects.create(submission=work, criterion=criterion, points=1)
