"""Assessments, what students hand in, and how it is marked."""

from backoffice.apps.assessments.models.assessments import Assessment, Question
from backoffice.apps.assessments.models.desk import (
    Annotation,
    DeskPreference,
    GradeDraft,
    GradingNote,
    GradingPresence,
    SavedComment,
    SubmissionFlag,
)
from backoffice.apps.assessments.models.marks import CriterionScore, QuestionResponse
from backoffice.apps.assessments.models.moves import RubricMove
from backoffice.apps.assessments.models.reviews import PeerReview, PeerReviewScore
from backoffice.apps.assessments.models.rubrics import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.submissions import AssessmentSubmission

__all__ = [
    "Annotation",
    "Assessment",
    "AssessmentSubmission",
    "CriterionScore",
    "DeskPreference",
    "GradeDraft",
    "GradingNote",
    "GradingPresence",
    "GradingRubric",
    "PeerReview",
    "PeerReviewScore",
    "Question",
    "QuestionResponse",
    "RubricCriterion",
    "RubricLevel",
    "RubricMove",
    "SavedComment",
    "SubmissionFlag",
]
