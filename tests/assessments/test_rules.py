"""What is never stored about assessments, marks and reviews."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.users.models import Enrollment, User
from tests.refusing import Broken, assert_all_refused, assert_no_twins

Submission = AssessmentSubmission
SCORED, UNSCORED = {"score__isnull": False}, {"score__isnull": True}
MUCH = 99_999


def other_rubric(row: Any) -> dict[str, Any]:
    return {"rubric": GradingRubric.objects.exclude(course=row.course).first()}


def level_of_another_criterion(row: Any) -> dict[str, Any]:
    worth_nothing = RubricLevel.objects.filter(points=0)
    return {"level": worth_nothing.exclude(criterion=row.criterion).first()}


def question_of_another_assessment(row: Any) -> dict[str, Any]:
    own = row.submission.assessment
    question = Question(assessment=Assessment.objects.exclude(pk=own.pk).first(), position=9)
    question.text, question.points = "Why?", 10
    question.save()
    return {"question": question}


CASES = (
    Broken("criterion_points_positive", RubricCriterion, {"max_points": 0}),
    Broken("level_points_not_negative", RubricLevel, {"points": -1}),
    Broken("level_points_within_criterion", RubricLevel, {"points": MUCH}),
    Broken("assessment_weight_not_negative", Assessment, {"weight": -1}),
    Broken("assessment_max_score_positive", Assessment, {"max_score": 0}),
    Broken("assessment_passing_within", Assessment, {"passing_score": MUCH}),
    Broken("assessment_passing_within", Assessment, {"passing_score": -1}),
    Broken(
        "assessment_dates_in_order",
        Assessment,
        lambda row: {"available_from": row.due_date + timedelta(seconds=1)},
    ),
    Broken("assessment_rubric_of_course", Assessment, other_rubric, {"rubric__isnull": False}),
    Broken("question_points_not_negative", Question, {"points": -1}),
    Broken("submission_attempt_counts", Submission, {"attempt": 0}),
    Broken("submission_score_not_negative", Submission, {"score": -1}),
    Broken("submission_score_within", Submission, {"score": MUCH}),
    Broken("submission_graded_has_score", Submission, {"score": None}, {"status": "graded"}),
    Broken("submission_graded_has_score", Submission, {"status": "finalized"}, UNSCORED),
    Broken("submission_graded_has_score", Submission, {"status": "graded"}, UNSCORED),
    Broken("submission_not_self_graded", Submission, lambda row: {"grader": row.student}),
    Broken(
        "submission_times_in_order",
        Submission,
        lambda row: {"started_at": row.submitted_at + timedelta(seconds=1)},
    ),
    Broken(
        "submission_graded_after_submitted",
        Submission,
        lambda row: {"graded_at": row.submitted_at - timedelta(seconds=1)},
    ),
    Broken("submission_attempts_left", Submission, {"attempt": 1000}),
    Broken("response_score_not_negative", QuestionResponse, {"score": -1}),
    Broken("response_score_within", QuestionResponse, {"score": MUCH}),
    Broken("response_of_assessment", QuestionResponse, question_of_another_assessment),
    Broken("criterion_score_not_negative", CriterionScore, {"points": -1}),
    Broken("criterion_score_within", CriterionScore, {"points": MUCH}),
    Broken("criterion_score_level", CriterionScore, level_of_another_criterion),
    Broken("review_not_of_own_work", PeerReview, lambda row: {"reviewer": row.submission.student}),
    Broken("review_score_not_negative", PeerReviewScore, {"points": -1}),
    Broken("review_score_within", PeerReviewScore, {"points": MUCH}),
)


def test_every_rule_refuses_with_its_sentence(demo: None, subtests: Any):
    assert_all_refused("assessments", CASES, subtests)


def test_there_are_no_twins(demo: None, subtests: Any):
    assert_no_twins("assessments", subtests)


def test_only_who_is_enrolled_hands_in(demo: None):
    row = Submission.objects.first()
    enrolled = Enrollment.objects.filter(course=row.assessment.course).values("student")
    row.student = User.objects.filter(role="student").exclude(pk__in=enrolled).first()
    row.grader = None
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert refused.value.message_dict == {
        "student": ["This person is not enrolled in the course of the assessment."]
    }


NO_GRADE = "This person only assists or observes in the course, and gets no grade."


@pytest.mark.parametrize("role", ["teaching_assistant", "observer"])
@pytest.mark.parametrize("model", [Submission, QuestionResponse, CriterionScore])
def test_who_only_assists_or_observes_is_not_graded(demo: None, model: Any, role: str):
    row = model.objects.first()
    work = row if model is Submission else row.submission
    row.full_clean()
    Enrollment.objects.filter(student=work.student, course=work.assessment.course).update(role=role)
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    field = "student" if model is Submission else "submission"
    assert refused.value.message_dict == {field: [NO_GRADE]}


NOT_IN_COURSE = (
    "The reviewer is no student of this course, or has withdrawn from it. Choose somebody who "
    "takes it."
)


def not_taking(course: Any, how: str) -> User:
    """Somebody who is no student of the course any more, or never was."""
    rows = Enrollment.objects.filter(course=course)
    if how == "elsewhere":
        taking = rows.values("student")
        return User.objects.filter(role="student").exclude(pk__in=taking).first()
    row = rows.exclude(student__submissions__peer_reviews__isnull=False).last()
    changed = {"status": "withdrawn"} if how == "withdrawn" else {"role": how}
    rows.filter(pk=row.pk).update(**changed)
    return row.student


@pytest.mark.parametrize("how", ["elsewhere", "withdrawn", "teaching_assistant", "observer"])
def test_only_who_takes_the_course_reviews(demo: None, how: str):
    review = PeerReview.objects.filter(submission__assessment__course__code="HIS210").first()
    review.reviewer = not_taking(review.submission.assessment.course, how)
    with pytest.raises(ValidationError) as refused:
        review.full_clean()
    assert refused.value.message_dict == {"reviewer": [NOT_IN_COURSE]}


def test_who_withdrew_after_the_review_has_written_it_nevertheless(demo: None):
    review = PeerReview.objects.filter(status="submitted").first()
    Enrollment.objects.filter(student=review.reviewer).update(status="withdrawn")
    review.feedback = "Corrected."
    review.full_clean()


def test_a_maximum_is_not_lowered_below_points_somebody_has(demo: None):
    assessment = Submission.objects.filter(**SCORED).first().assessment
    assessment.max_score, assessment.passing_score = 1, None
    with pytest.raises(ValidationError) as refused:
        assessment.full_clean()
    assert refused.value.message_dict == {
        "max_score": ["There are already more points than this. Correct those first."]
    }


def test_a_raised_maximum_is_known_to_every_submission_at_once(demo: None):
    assessment = Submission.objects.first().assessment
    assessment.max_score = 200
    assessment.save()
    assert set(assessment.submissions.values_list("maximum", flat=True)) == {200}
    assert assessment.submissions.update(score=150) == assessment.submissions.count()


def test_the_version_of_a_submission_counts_the_changes_of_its_grade(demo: None):
    row = Submission.objects.filter(**SCORED).first()
    first = row.version
    row.text = "Another text."
    row.save()
    assert row.version == first
    row.score -= 1
    row.save(update_fields=["score"])
    row.refresh_from_db()
    assert row.version == first + 1
