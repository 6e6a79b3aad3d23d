"""The score that marks give: the sum by criterion, or by question."""

from decimal import Decimal
from typing import Any


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
    """The sum of the points by criterion, at most the maximum; None while one is missing."""
    criteria = set(rubric.criteria.values_list("pk", flat=True))
    points = dict(submission.criterion_scores.values_list("criterion", "points"))
    if not criteria or criteria - points.keys():
        return None
    total = sum((points[key] for key in criteria), Decimal())
    return min(total, submission.maximum)


def question_score(submission: Any) -> Decimal | None:
    """The sum of the points by question; None while one is missing, or they are not the whole."""
    worth = dict(submission.assessment.questions.values_list("pk", "points"))
    points = dict(submission.responses.values_list("question", "score"))
    is_whole = sum(worth.values(), Decimal()) == submission.maximum
    if not worth or not is_whole or any(points.get(key) is None for key in worth):
        return None
    return sum((points[key] for key in worth), Decimal())
