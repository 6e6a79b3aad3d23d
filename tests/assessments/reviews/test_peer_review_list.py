"""Who reviews whom for an assessment: counted, filtered, and what contradicts itself is named."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from backoffice.apps.assessments.models import (
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    RubricCriterion,
)
from backoffice.apps.assessments.reviews.overview import ReviewOverview
from backoffice.apps.users.models import Enrollment
from tests.assessments.reviews.review_desk import ReviewDesk, full

NOW = timezone.now()


@pytest.fixture
def address(essay: Any) -> str:
    return f"/admin/assessments/assessment/{essay.pk}/peer-reviews/"


def counts(client: Client, address: str) -> dict[str, int]:
    """How many there are of each filter."""
    return {str(title): count for title, _q, count, _c in client.get(address).context["filters"]}


def contradictions(essay: Any, user: Any) -> dict[int, list[str]]:
    overview = ReviewOverview(essay, user, {})
    lines = overview.lines(overview.page())
    return {line.review.pk: [str(text) for text in line.contradictions] for line in lines}


def without_rules(*changes: tuple[Any, dict[str, Any]]) -> None:
    """Store what came before the rules: with the triggers away."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            for rows, values in changes:
                rows.update(**values)
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        for rows, values in changes:
            rows.update(**values)
        for _name, sql in triggers:
            cursor.execute(sql)


def test_an_empty_list_says_what_to_do(instructor_client: Client, works: Any, address: str):
    page = instructor_client.get(address).content.decode()
    assert "Nobody reviews anybody's work for this assessment yet." in page
    assert f'href="{address}pairs/"' in page
    assert "3 pieces of work handed in have no reviewer." in page


def test_an_assistant_is_told_who_assigns(assistant_client: Client, works: Any, address: str):
    page = assistant_client.get(address).content.decode()
    assert "The instructor of the course assigns reviews." in page
    assert "pairs/" not in page


def test_reviews_are_counted_by_what_is_missing(
    instructor_client: Client, desk: ReviewDesk, works: Any, address: str
):
    desk.save(go="next", **full())
    PeerReview.objects.create(
        submission=works[1], reviewer=works[2].student, due_date=NOW - timedelta(days=1)
    )
    assert counts(instructor_client, address) == {
        "All": 2, "Missing": 1, "Late": 1, "Submitted": 1, "Contradicts itself": 0,
    }  # fmt: skip
    page = instructor_client.get(address, {"only": "missing"}).content.decode()
    assert "reviewed by <bdi>Cy Mu</bdi>" in page
    assert "reviewed by <bdi>Bo Alpha</bdi>" not in page
    whole = instructor_client.get(address).content.decode()
    assert "80 / 100" in whole
    assert "missing" in whole
    assert "late" in whole


def test_one_submitted_after_it_was_due_is_late(
    instructor_client: Client, desk: ReviewDesk, address: str
):
    desk.save(go="next", **full())
    PeerReview.objects.update(due_date=NOW - timedelta(days=1))
    assert counts(instructor_client, address)["Late"] == 1
    PeerReview.objects.update(due_date=NOW + timedelta(days=1))
    assert counts(instructor_client, address)["Late"] == 0


def test_submitted_without_points_contradicts_itself(essay: Any, review: Any, instructor: Any):
    values = {"status": "submitted", "submitted_at": NOW}
    without_rules((PeerReview.objects.filter(pk=review.pk), values))
    message = "It counts as submitted, but points, words or the moment are missing."
    assert contradictions(essay, instructor) == {review.pk: [message]}


def test_submitted_without_a_moment_contradicts_itself(essay, desk, instructor):
    desk.save(go="next", **full())
    without_rules((PeerReview.objects.all(), {"submitted_at": None}))
    message = "It counts as submitted, but points, words or the moment are missing."
    assert contradictions(essay, instructor) == {desk.review.pk: [message]}


def test_submitted_without_words_contradicts_itself(essay, plain_review, instructor):
    values = {"status": "submitted", "submitted_at": NOW}
    without_rules((PeerReview.objects.all(), values))
    message = "It counts as submitted, but points, words or the moment are missing."
    assert contradictions(essay, instructor) == {plain_review.pk: [message]}


def test_points_of_another_rubric_contradict(essay, desk, course, instructor):
    desk.save(go="next", **full())
    other = GradingRubric.objects.create(course=course, title="Talk")
    foreign = RubricCriterion.objects.create(rubric=other, position=1, title="Voice", max_points=60)
    score = PeerReviewScore.objects.filter(criterion__title="Argument")
    without_rules((score, {"criterion": foreign, "level": None}))
    assert contradictions(essay, instructor) == {
        desk.review.pk: [
            "It counts as submitted, but points, words or the moment are missing.",
            "It has points by another rubric than the work is marked by.",
        ]
    }


@pytest.mark.parametrize("changed", [{"status": "withdrawn"}, {"role": "observer"}])
def test_a_reviewer_who_left_contradicts(essay, review, works, instructor, changed):
    Enrollment.objects.filter(student=works[1].student).update(**changed)
    message = "The reviewer does not take the course, or has withdrawn from it."
    assert contradictions(essay, instructor) == {review.pk: [message]}


@pytest.mark.parametrize(
    ("case", "is_wrong"),
    [((False, "60"), False), ((False, "45"), True), ((True, "45"), False), ((True, "30"), True)],
)
def test_points_that_are_not_of_their_level_contradict(
    essay, desk, argument, instructor, case, is_wrong
):
    ranges, points = case
    desk.save(go="next", **full())
    RubricCriterion.objects.filter(pk=argument.pk).update(has_ranges=ranges)
    without_rules((PeerReviewScore.objects.filter(criterion=argument), {"points": points}))
    message = ["It has points that are not those of the chosen level."] if is_wrong else []
    assert contradictions(essay, instructor) == {desk.review.pk: message}


def test_points_without_a_level_contradict_where_there_are_levels(essay, desk, instructor):
    desk.save(go="next", **full())
    without_rules((PeerReviewScore.objects.all(), {"level": None}))
    message = "It has points that are not those of the chosen level."
    assert contradictions(essay, instructor) == {desk.review.pk: [message]}


def test_the_list_is_paged(instructor_client, works, address, monkeypatch):
    monkeypatch.setattr("backoffice.apps.assessments.reviews.overview.PER_PAGE", 2)
    for author, reviewer in ((0, 1), (1, 2), (2, 0)):
        PeerReview.objects.create(submission=works[author], reviewer=works[reviewer].student)
    first = instructor_client.get(address).content.decode()
    assert "Page 1 of 2" in first
    assert "?page=2" in first
    # By the author's last name: Alpha, Mu, Zeta.
    assert "Bo Alpha" in first
    assert "reviewed by <bdi>Bo Alpha</bdi>" not in first
    second = instructor_client.get(address, {"page": "2"}).content.decode()
    assert "reviewed by <bdi>Bo Alpha</bdi>" in second
    assert instructor_client.get(address, {"page": "x", "only": "x"}).status_code == 200


def test_the_number_of_queries_does_not_grow(
    instructor_client, works, address, django_assert_max_num_queries
):
    PeerReview.objects.create(submission=works[0], reviewer=works[1].student)
    instructor_client.get(address)
    with django_assert_max_num_queries(30) as one:
        instructor_client.get(address)
    PeerReview.objects.create(submission=works[1], reviewer=works[2].student)
    PeerReview.objects.create(submission=works[2], reviewer=works[0].student)
    with django_assert_max_num_queries(len(one.captured_queries)):
        instructor_client.get(address)


def test_readers_see_it_and_nobody_posts_to_it(
    address, review, instructor_client, assistant_client, auditor_client, admin_client
):
    for client in (instructor_client, assistant_client, auditor_client, admin_client):
        assert client.get(address).status_code == 200
        assert client.post(address).status_code == 403


def test_a_registrar_and_a_stranger_are_refused(address, review, registrar_client, stranger_client):
    for client in (registrar_client, stranger_client):
        assert client.get(address).status_code == 403


@pytest.mark.parametrize("key", ["0", "999999", "9" * 18, "9" * 30, "-1", "1a", "%00"])
@pytest.mark.parametrize("end", ["", "pairs/"])
def test_a_forged_number_meets_nothing(instructor_client, review, key, end):
    address = f"/admin/assessments/assessment/{key}/peer-reviews/{end}"
    assert instructor_client.get(address).status_code in (400, 403, 404)
    assert instructor_client.post(address, {"pairs": "a,b"}).status_code in (400, 403, 404)
