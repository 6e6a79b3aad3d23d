"""Assessments, what students hand in, and how it is marked."""

from backoffice.apps.assessments.models.assessments import Assessment, Question
from backoffice.apps.assessments.models.reviews import PeerReview, PeerReviewScore
from backoffice.apps.assessments.models.rubrics import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.submissions import (
    AssessmentSubmission,
    CriterionScore,
    QuestionResponse,
)

__all__ = [
    "Assessment",
    "AssessmentSubmission",
    "CriterionScore",
    "GradingRubric",
    "PeerReview",
    "PeerReviewScore",
    "Question",
    "QuestionResponse",
    "RubricCriterion",
    "RubricLevel",
]
