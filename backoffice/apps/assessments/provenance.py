"""How a grade came about: its values, who gave them and why, by which rubric, from which file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from backoffice.admin_site.pages.history import readable
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
)
from backoffice.audit.models.history import DELETED
from backoffice.audit.reports.scope import keys_of, with_keys
from backoffice.bulk.models import Batch

MOST = 200  # versions of one grade that a page shows
SCORE = AssessmentSubmission._meta.get_field("score")
STATUS = AssessmentSubmission._meta.get_field("status")
POINTS = CriterionScore._meta.get_field("points")


@dataclass(frozen=True)
class GradeStep:
    """One value of a grade, with the change that gave it and what it rested on."""

    record: Any
    score: Any
    before: Any
    status: Any
    is_first: bool
    batch: Batch | None
    rubric: GradingRubric | None
    points: Sequence[tuple[Any, Any]]


def steps_of(submission: AssessmentSubmission) -> list[GradeStep]:
    """The values of a submission's grade, the newest first."""
    history = AssessmentSubmission.history.model._base_manager
    rows = history.filter(id=submission.pk).select_related("change_set", "grader")
    records = list(rows.order_by("-history_id")[:MOST])[::-1]
    steps = list(_regraded(records))
    keys = {record.change_set.batch for record, _before in steps if record.change_set}
    batches = Batch.objects.in_bulk(keys - {None})
    rubrics, points = _rubrics(submission.assessment_id), _points(submission)
    return [
        GradeStep(
            record=record,
            score=_readable_value(record, SCORE),
            before=_readable_value(before, SCORE) if before else "",
            status=_readable_value(record, STATUS),
            is_first=before is None,
            batch=batches.get(record.change_set.batch) if record.change_set else None,
            rubric=_last(rubrics, record),
            points=_points_at(points, record),
        )
        for record, before in reversed(steps)
    ]


def _readable_value(record: Any, field: models.Field[Any, Any]) -> Any:
    value = getattr(record, field.attname)
    return "" if value is None else readable(field, value)


def _regraded(records: list[Any]) -> Iterator[tuple[Any, Any]]:
    """The records whose grade differs from the one before, with that one."""
    before = None
    for record in records:
        names = AssessmentSubmission.GRADE_FIELDS
        if before is None or any(getattr(record, n) != getattr(before, n) for n in names):
            yield record, before
        before = record


def _rubrics(assessment: int) -> list[tuple[Any, GradingRubric | None]]:
    """The rubrics an assessment had, each with the record that set it, the oldest first."""
    history = Assessment.history.model._base_manager
    records = list(history.filter(id=assessment).order_by("history_id"))
    known = GradingRubric.objects.in_bulk({each.rubric_id for each in records} - {None})
    return [(record, known.get(record.rubric_id)) for record in records]


def _points(submission: AssessmentSubmission) -> list[tuple[Any, RubricCriterion | None]]:
    """The history of the points by criterion, the oldest first."""
    history = CriterionScore.history.model
    keys = keys_of(history, {"submission": submission.pk})
    # By key, so that points of the submission that were deleted are among them.
    records = list(with_keys(history, keys).order_by("history_id"))
    known = RubricCriterion.objects.in_bulk({each.criterion_id for each in records})
    return [(record, known.get(record.criterion_id)) for record in records]


def _is_before(record: Any, moment: Any) -> bool:
    # One action writes points and grade: its points count, though their rows may come later.
    if record.change_set_id is not None and record.change_set_id == moment.change_set_id:
        return True
    return bool(record.history_date <= moment.history_date)


def _last(pairs: list[tuple[Any, Any]], moment: Any) -> Any:
    return next((what for record, what in reversed(pairs) if _is_before(record, moment)), None)


def _points_at(
    pairs: list[tuple[Any, RubricCriterion | None]], moment: Any
) -> list[tuple[Any, Any]]:
    latest = {}
    for record, criterion in pairs:
        if _is_before(record, moment):
            latest[record.id] = (criterion or record.criterion_id, record)
    return [
        (criterion, readable(POINTS, record.points))
        for criterion, record in latest.values()
        if record.history_type != DELETED
    ]
