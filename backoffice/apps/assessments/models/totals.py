"""The score that marks give: the sum by criterion, or by question."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

NONE = Decimal(0)


def score_of(
    points_by_criterion: Mapping[int, Decimal], criteria: Iterable[Any], cap: Decimal
) -> Decimal:
    """The score in points, from 0 to the cap: what the criteria add, without what they deduct.

    `points_by_criterion` holds the points by the key of their criterion; criteria without any count
    as 0, and points for a criterion that is not among these do not count.
    """
    added = deducted = NONE
    for criterion in criteria:
        points = points_by_criterion.get(criterion.pk, NONE)
        if criterion.is_deduction:
            deducted += points
        else:
            added += points
    return max(NONE, min(cap, added - deducted))


def computed_score(submission: Any) -> Decimal | None:
    """The points that criteria or questions give, from 0 to the maximum.

    By the rubric where there is one. By question only where the questions come to the maximum:
    else nobody has said how they become the score. None while one of them has no points.
    """
    rubric = submission.rubric or submission.assessment.rubric
    if rubric is not None:
        return rubric_score(submission, rubric)
    return question_score(submission)


def rubric_score(submission: Any, rubric: Any) -> Decimal | None:
    """The score by criterion, from 0 to the limit; None while one has no points."""
    criteria = list(rubric.criteria.all())
    points = dict(submission.criterion_scores.values_list("criterion", "points"))
    if not criteria or {each.pk for each in criteria} - points.keys():
        return None
    return score_of(points, criteria, submission.limit)


def question_score(submission: Any) -> Decimal | None:
    """The sum of the points by question; None while one is missing, or they are not the whole."""
    worth = dict(submission.assessment.questions.values_list("pk", "points"))
    points = dict(submission.responses.values_list("question", "score"))
    is_whole = sum(worth.values(), Decimal()) == submission.maximum
    if not worth or not is_whole or any(points.get(key) is None for key in worth):
        return None
    return sum((points[key] for key in worth), Decimal())
