"""What a peer review never says, whoever writes it: form, inline, desk, model and database.

On 50113f5, the commit before the rules, each of these was stored: points had no level and were
checked against the maximum alone, `submit` wrote the status alone, and the reviewer was any person.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client

from backoffice.apps.assessments.models import (
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.users.models import Enrollment
from tests.actions import do
from tests.assessments.reviews.review_desk import ReviewDesk, full, marks
from tests.filling import errors_of, save

PREFIX = "scores"
REASON = "Bo mixed up two criteria."
NOT_OF_LEVEL = (
    "These points are not those of the chosen level. Choose the level that has them, or enter the "
    "points of the level."
)
OTHER_RUBRIC = "This criterion belongs to another rubric than the work is marked by."
NO_STUDENT = (
    "The reviewer is no student of this course, or has withdrawn from it. Choose somebody who "
    "takes it."
)
INCOMPLETE = (
    "A submitted review has points for every criterion of the rubric; without a rubric it has "
    "words. Enter them first, and submit it then."
)


def refused_by_model(row: Any) -> dict[str, list[str]]:
    """What the model says is wrong, by field."""
    with pytest.raises(ValidationError) as refusal:
        row.full_clean()
    return refusal.value.message_dict


def refused_by_database(rows: Any, **values: Any) -> bool:
    """Whether the database refuses this update."""
    try:
        with transaction.atomic():
            rows.update(**values)
    except DatabaseError:
        return True
    return False


def page_of(review: PeerReview) -> str:
    return f"/admin/assessments/peerreview/{review.pk}/change/"


def stranger_of(student: Any) -> Any:
    """Somebody who is enrolled nowhere."""
    return student("s9001")


# Hole 2: points that are no level's.


@pytest.fixture
def score(review: PeerReview, argument: RubricCriterion) -> PeerReviewScore:
    level = argument.levels.get(title="Thin")
    return PeerReviewScore.objects.create(
        review=review, criterion=argument, level=level, points=Decimal(30)
    )


@pytest.mark.parametrize("points", ["17.35", "29.99", "60"])
def test_points_are_those_of_the_level(score: PeerReviewScore, points: str):
    score.points = Decimal(points)
    assert refused_by_model(score) == {"points": [NOT_OF_LEVEL]}
    assert refused_by_database(PeerReviewScore.objects.all(), points=points)


def test_with_ranges_points_lie_within_the_level(score: PeerReviewScore, argument: Any):
    RubricCriterion.objects.filter(pk=argument.pk).update(has_ranges=True)
    score = PeerReviewScore.objects.get()
    score.points = Decimal("17.35")
    score.full_clean()
    assert not refused_by_database(PeerReviewScore.objects.all(), points="17.35")
    assert refused_by_database(PeerReviewScore.objects.all(), points="30.01")


def test_a_level_is_chosen_where_there_are_some(score: PeerReviewScore):
    score.level = None
    assert refused_by_model(score) == {"points": [NOT_OF_LEVEL]}
    assert refused_by_database(PeerReviewScore.objects.all(), level=None)


def test_a_criterion_without_levels_takes_points_alone(review: PeerReview, argument: Any):
    RubricLevel.objects.filter(criterion=argument).delete()
    row = PeerReviewScore(review=review, criterion=argument, points=Decimal("17.35"))
    row.full_clean()
    row.save()


def test_the_inline_offers_criteria_and_levels(review: PeerReview, instructor_client: Client):
    page = instructor_client.get(page_of(review)).content.decode()
    for text in ("Argument (60)", "Convincing (60)", "Thin (30)", "Sources (40)"):
        assert text in page, text


def test_the_inline_takes_the_points_of_the_level(
    review: PeerReview, instructor_client: Client, argument: Any
):
    thin = argument.levels.get(title="Thin").pk
    answer = save(
        instructor_client, page_of(review),
        **{f"{PREFIX}-0-criterion": argument.pk, f"{PREFIX}-0-level": thin,
           "change_reason": REASON},
    )  # fmt: skip
    assert answer.status_code == 302
    assert PeerReviewScore.objects.get().points == Decimal(30)


def test_the_inline_refuses_points_that_are_no_level_s(
    review: PeerReview, instructor_client: Client, argument: Any
):
    thin = argument.levels.get(title="Thin").pk
    answer = save(
        instructor_client, page_of(review),
        **{f"{PREFIX}-0-criterion": argument.pk, f"{PREFIX}-0-level": thin,
           f"{PREFIX}-0-points": "17.35", "change_reason": REASON},
    )  # fmt: skip
    assert answer.status_code == 200
    assert NOT_OF_LEVEL in str(errors_of(answer))
    assert not PeerReviewScore.objects.exists()


def test_the_desk_refuses_points_that_are_no_level_s(desk: ReviewDesk):
    answer = desk.save(go="stay", **marks(Argument=("Thin", "17.35")))
    assert answer.status_code == 422
    assert NOT_OF_LEVEL in answer.content.decode()


# Hole 3: points for a criterion of another rubric.


@pytest.fixture
def voice(course: Any) -> RubricCriterion:
    """A criterion of a rubric by which the work is not marked."""
    other = GradingRubric.objects.create(course=course, title="Talk")
    return RubricCriterion.objects.create(rubric=other, position=1, title="Voice", max_points=60)


def test_a_criterion_of_another_rubric_gets_no_points(review: PeerReview, voice: Any, score: Any):
    row = PeerReviewScore(review=review, criterion=voice, points=Decimal(5))
    assert refused_by_model(row) == {"criterion": [OTHER_RUBRIC]}
    rows = PeerReviewScore.objects.filter(pk=score.pk)
    assert refused_by_database(rows, criterion=voice, level=None)


def test_the_inline_does_not_offer_it(review: PeerReview, voice: Any, instructor_client: Client):
    assert "Voice" not in instructor_client.get(page_of(review)).content.decode()
    answer = save(
        instructor_client, page_of(review),
        **{f"{PREFIX}-0-criterion": voice.pk, f"{PREFIX}-0-points": "5", "change_reason": REASON},
    )  # fmt: skip
    assert answer.status_code == 200
    assert not PeerReviewScore.objects.exists()


def test_the_desk_refuses_it(desk: ReviewDesk, voice: Any):
    answer = desk.save(go="stay", **{f"criterion-{voice.pk}-points": "5"})
    assert answer.status_code == 422
    assert not PeerReviewScore.objects.exists()


# Hole 9: submitted without points and without a moment.


def test_a_review_without_points_is_not_marked_as_submitted(
    review: PeerReview, instructor_client: Client
):
    do(instructor_client, review, "submit", reason=REASON)
    review.refresh_from_db()
    assert (review.status, review.submitted_at) == ("assigned", None)
    assert refused_by_database(PeerReview.objects.all(), status="submitted")


def test_one_criterion_without_points_is_one_too_few(score: PeerReviewScore):
    review = score.review
    review.status, review.submitted_at = "submitted", review.assigned_at
    assert refused_by_model(review) == {"status": [INCOMPLETE]}
    values = {"status": "submitted", "submitted_at": review.assigned_at}
    assert refused_by_database(PeerReview.objects.all(), **values)


def test_a_complete_review_gets_its_moment(desk: ReviewDesk, instructor_client: Client):
    desk.save(go="stay", **full())
    do(instructor_client, desk.review, "submit", reason=REASON)
    desk.review.refresh_from_db()
    assert desk.review.status == "submitted"
    assert desk.review.submitted_at is not None


def test_without_a_rubric_words_are_needed(plain_review: PeerReview, instructor_client: Client):
    do(instructor_client, plain_review, "submit", reason=REASON)
    plain_review.refresh_from_db()
    assert plain_review.status == "assigned"
    PeerReview.objects.update(feedback="Well argued.")
    do(instructor_client, plain_review, "submit", reason=REASON)
    plain_review.refresh_from_db()
    assert plain_review.status == "submitted"


# Hole 10: the reviewer is a student of the course.


def test_a_stranger_does_not_review(review: PeerReview, student: Any):
    row = PeerReview(submission=review.submission, reviewer=stranger_of(student))
    assert refused_by_model(row) == {"reviewer": [NO_STUDENT]}
    review.reviewer = row.reviewer
    assert refused_by_model(review) == {"reviewer": [NO_STUDENT]}


@pytest.mark.parametrize("changed", [{"status": "withdrawn"}, {"role": "teaching_assistant"}])
def test_nor_does_who_withdrew_or_assists(review: PeerReview, works: Any, changed: dict[str, str]):
    Enrollment.objects.filter(student=works[2].student).update(**changed)
    row = PeerReview(submission=review.submission, reviewer=works[2].student)
    assert refused_by_model(row) == {"reviewer": [NO_STUDENT]}


def test_the_forms_refuse_a_stranger(
    review: PeerReview, works: Any, student: Any, instructor_client: Client
):
    stranger = stranger_of(student)
    answer = save(
        instructor_client, page_of(review), reviewer=stranger.pk, change_reason=REASON
    )  # fmt: skip
    assert answer.status_code == 200
    page = "/admin/assessments/peerreview/add/"
    values = {"submission": works[1].pk, "reviewer": stranger.pk}
    assert save(instructor_client, page, **values).status_code == 200
    assert list(PeerReview.objects.values_list("reviewer", flat=True)) == [works[1].student_id]


def test_the_form_refuses_the_author(review: PeerReview, works: Any, instructor_client: Client):
    answer = save(
        instructor_client, page_of(review), reviewer=works[0].student_id, change_reason=REASON
    )
    assert answer.status_code == 200
    assert "Nobody reviews their own work. Choose another reviewer." in str(errors_of(answer))
    assert refused_by_database(PeerReview.objects.all(), reviewer=works[0].student_id)


def test_the_desk_submits_nothing_of_a_stranger(desk: ReviewDesk, student: Any):
    PeerReview.objects.update(reviewer=stranger_of(student))
    answer = desk.save(go="next", **full())
    assert answer.status_code == 422
    message = (
        "The reviewer never was a student of this course. Choose another reviewer on the page of "
        "the review first."
    )
    assert message in answer.content.decode()
    assert not PeerReviewScore.objects.exists()


def test_who_withdrew_since_has_written_it_nevertheless(desk: ReviewDesk, works: Any):
    Enrollment.objects.filter(student=works[1].student).update(status="withdrawn")
    assert desk.save(go="next", **full()).status_code == 302
    desk.review.refresh_from_db()
    assert desk.review.status == "submitted"


# What a review is called.


def test_the_title_says_who_reviews_whom(review: PeerReview, works: Any):
    assert str(review) == "Bo Alpha reviews Ada Zeta, TMA01"
    works[0].attempt = 2
    review.submission = works[0]
    assert str(review) == "Bo Alpha reviews Ada Zeta, TMA01, attempt 2"


def test_the_name_in_it_comes_from_one_place(review: PeerReview, monkeypatch: Any):
    path = "backoffice.apps.assessments.models.reviews.participant_name"
    monkeypatch.setattr(path, lambda person, _assessment: f"P{person.student_id}")
    assert str(review) == "Ps1002 reviews Ps1001, TMA01"
