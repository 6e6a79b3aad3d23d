"""Grades are given, made final and opened again; assessments and rubrics have a life."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    Question,
)
from backoffice.apps.users.models import User
from tests.actions import do, do_with_many, messages_of, refused
from tests.filling import save

pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture
def ingrid() -> Client:
    """The instructor of the demo school's marine biology."""
    client = Client()
    client.force_login(User.objects.get(username="instructor"))
    return client


@pytest.fixture
def amina() -> Client:
    """The demo school's admin."""
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    return client


@pytest.fixture
def waiting() -> AssessmentSubmission:
    """Work of an own course that waits for marking."""
    own = AssessmentSubmission.objects.filter(assessment__course__instructor__username="instructor")
    return own.ungraded().order_by("pk").first()


def test_a_grade_is_signed_by_whoever_gives_it(ingrid, waiting):
    answer = do(ingrid, waiting, "grade", score="63.5", feedback="Good, but short.")
    assert messages_of(answer) == [f"{waiting}: 63.50 points."]
    before = waiting.version
    waiting.refresh_from_db()
    assert (waiting.score, waiting.status) == (Decimal("63.5"), "graded")
    assert waiting.grader.username == "instructor"
    assert waiting.graded_at is not None
    assert waiting.version == before + 1


@pytest.mark.parametrize(
    ("score", "errors"),
    [
        ("-1", {"score": ["Ensure this value is greater than or equal to 0."]}),
        ("100.5", {"score": ["The score is above the maximum score of the assessment."]}),
        ("many", {"score": ["Enter a number."]}),
        ("", {"score": ["This field is required."]}),
    ],
)
def test_points_out_of_range_are_told_at_the_field(ingrid, waiting, score, errors):
    assert refused(do(ingrid, waiting, "grade", score=score)) == errors
    waiting.refresh_from_db()
    assert waiting.score is None


def test_a_final_grade_is_opened_by_an_admin_for_a_reason(ingrid, amina, waiting):
    do(ingrid, waiting, "grade", score="63")
    assert do(ingrid, waiting, "finalize").status_code == 302
    message = "Only work that was handed in and is not final gets a grade."
    assert message in str(refused(do(ingrid, waiting, "grade", score="64")))
    assert refused(do(amina, waiting, "reopen", reason="Appeal")) == {
        "reason": ["Say it in at least 10 characters."]
    }
    assert messages_of(do(amina, waiting, "reopen", reason="Appeal 17 was granted"))
    waiting.refresh_from_db()
    assert waiting.status == "graded"
    assert waiting.history.first().change_set.reason == "Appeal 17 was granted"


def test_many_grades_are_made_final_and_what_has_none_is_left(ingrid):
    own = AssessmentSubmission.objects.filter(assessment__course__instructor__username="instructor")
    graded, others = own.filter(status="graded").count(), own.exclude(status="graded").count()
    answer = do_with_many(ingrid, own, "finalize", confirmed="1")
    assert messages_of(answer)[0] == f"Done with {graded} rows."
    assert messages_of(answer)[1].startswith(f"{others} row")
    assert own.filter(status="finalized").count() >= graded


def test_nobody_grades_in_the_course_of_another(waiting):
    client = Client()
    client.force_login(User.objects.get(username="instructor2"))
    assert do(client, waiting, "grade", score="100").status_code == 403


def test_an_assessment_is_released_and_closed(ingrid):
    draft = Assessment.objects.filter(course__instructor__username="instructor").first()
    Assessment.objects.filter(pk=draft.pk).update(status="draft", due_date=None)
    why = "The term has begun"
    assert refused(do(ingrid, draft, "release", reason=why)) == {
        "__all__": [f"{draft} has no due date. Set one first."]
    }
    Assessment.objects.filter(pk=draft.pk).update(due_date="2026-12-01T12:00Z")
    assert messages_of(do(ingrid, draft, "release", reason=why)) == [f"{draft} is released."]
    assert (
        messages_of(do(ingrid, draft, "close", reason="The term is over"))[-1]
        == f"{draft} is closed."
    )


def test_a_used_rubric_is_not_changed_but_gets_a_new_version(ingrid):
    rubric = GradingRubric.objects.filter(course__instructor__username="instructor").first()
    page = reverse("admin:assessments_gradingrubric_change", args=[rubric.pk])
    save(ingrid, page, title="Essay, harder")
    rubric.refresh_from_db()
    assert rubric.title == "Essay"
    answer = do(ingrid, rubric, "make_version")
    assert answer.status_code == 302, refused(answer)
    newest = GradingRubric.objects.get(course=rubric.course, title="Essay", version=2)
    assert f"{newest.pk}/change/" in messages_of(answer)[-1]
    assert newest.criteria.count() == rubric.criteria.count()
    for copied, original in zip(
        newest.criteria.order_by("position"), rubric.criteria.order_by("position"), strict=True
    ):
        assert copied.levels.count() == original.levels.count()
    page = reverse("admin:assessments_gradingrubric_change", args=[newest.pk])
    answer = save(ingrid, page, description="Stricter than before.")
    assert answer.status_code == 302, list(answer.context["errors"])
    refusal = refused(do(ingrid, rubric, "make_version"))
    assert "This version was put away; make a new one from the newest." in str(refusal)


def test_a_question_is_locked_once_work_was_handed_in(ingrid):
    question = Question.objects.filter(
        assessment__course__instructor__username="instructor", responses__isnull=False
    ).first()
    page = reverse("admin:assessments_question_change", args=[question.pk])
    answer = save(ingrid, page, points="20")
    question.refresh_from_db()
    assert question.points == 10, answer.status_code
    response = ingrid.post(
        reverse("admin:assessments_question_delete", args=[question.pk]), {"post": "yes"}
    )
    assert Question.objects.filter(pk=question.pk).exists(), response.status_code
