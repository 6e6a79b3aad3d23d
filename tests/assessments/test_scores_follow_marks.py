"""A score is what criteria or questions give, or an override with both numbers and a reason."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
)
from backoffice.apps.assessments.models.marks import regrading
from backoffice.apps.users.models import Enrollment
from tests.actions import do, refused
from tests.filling import errors_of, save

pytestmark = pytest.mark.django_db
PREFIX = "criterion_scores"


@pytest.fixture
def handed_in(essay: GradingRubric, student: Any) -> AssessmentSubmission:
    """Work for an assessment with a rubric of 10 and 4.5 points."""
    author = student("s1001")
    Enrollment.objects.create(course=essay.course, student=author)
    task = Assessment.objects.create(course=essay.course, code="TMA01", rubric=essay)
    return AssessmentSubmission.objects.create(assessment=task, student=author, text="So.")


def page_of(work: AssessmentSubmission) -> str:
    return reverse("admin:assessments_assessmentsubmission_change", args=[work.pk])


def best(work: AssessmentSubmission, place: int) -> Any:
    criterion = work.assessment.rubric.criteria.order_by("position")[place]
    return criterion.levels.order_by("-points").first()


def mark(work: AssessmentSubmission, place: int) -> CriterionScore:
    level = best(work, place)
    return CriterionScore.objects.create(
        submission=work, criterion=level.criterion, level=level, points=level.points
    )


def stored(work: AssessmentSubmission) -> AssessmentSubmission:
    return AssessmentSubmission.objects.get(pk=work.pk)


def test_the_last_criterion_gives_the_score(handed_in):
    mark(handed_in, 0)
    assert stored(handed_in).score is None
    mark(handed_in, 1)
    row = stored(handed_in)
    assert (row.score, row.computed_score, row.status) == (
        Decimal("14.5"),
        Decimal("14.5"),
        "graded",
    )
    assert row.rubric == row.assessment.rubric


def test_every_change_of_a_mark_is_a_version(handed_in):
    score = mark(handed_in, 0)
    version = stored(handed_in).version
    score.comment = "Well supported."
    score.save()
    assert stored(handed_in).version == version + 1
    score.save()
    assert stored(handed_in).version == version + 1


def test_marks_changed_together_are_one_version(handed_in):
    version = stored(handed_in).version
    with regrading(handed_in):
        mark(handed_in, 0)
        mark(handed_in, 1)
    row = stored(handed_in)
    assert (row.version, row.score) == (version + 1, Decimal("14.5"))


def test_a_score_that_followed_goes_on_following(handed_in):
    mark(handed_in, 0)
    second = mark(handed_in, 1)
    second.level = second.criterion.levels.get(points=0)
    second.points = 0
    second.save()
    row = stored(handed_in)
    assert (row.score, row.is_override) == (10, False)


def test_a_score_given_before_its_criteria_is_marked(handed_in):
    AssessmentSubmission.objects.update(score=75, status="graded")
    mark(handed_in, 0)
    mark(handed_in, 1)
    row = stored(handed_in)
    assert (row.score, row.computed_score, row.is_override) == (75, Decimal("14.5"), True)
    assert row.override_reason == "The score was given by itself, and the criteria after it."


def test_the_form_asks_which_of_the_two_counts(handed_in, instructor_client):
    chosen = {f"{PREFIX}-{place}-level": best(handed_in, place).pk for place in (0, 1)}
    answer = save(instructor_client, page_of(handed_in), score="12", **chosen)
    assert (
        "The criteria give 14.5 points, and the score says 12. Clear the score to take the sum, "
        "or say why it differs."
    ) in answer.content.decode()
    assert not handed_in.criterion_scores.exists()
    why = {"override_reason": "A kind day."}
    answer = save(instructor_client, page_of(handed_in), score="12", **chosen, **why)
    assert answer.status_code == 302, errors_of(answer)
    row = stored(handed_in)
    assert (row.score, row.computed_score, row.version) == (12, Decimal("14.5"), 2)
    text = instructor_client.get(page_of(handed_in)).content.decode()
    assert "14.5" in text
    assert "A kind day." in text


def test_a_form_with_many_marks_is_one_version(handed_in, instructor_client):
    chosen = {f"{PREFIX}-{place}-level": best(handed_in, place).pk for place in (0, 1)}
    assert (
        save(instructor_client, page_of(handed_in), feedback="Good.", **chosen).status_code == 302
    )
    row = stored(handed_in)
    assert (row.score, row.version, row.feedback) == (Decimal("14.5"), 2, "Good.")
    assert row.history.count() == 2


def test_the_dialog_asks_for_a_reason_too(handed_in, instructor_client):
    mark(handed_in, 0)
    mark(handed_in, 1)
    message = (
        "The score is not the one that criteria or questions give. Enter that one, or say why it "
        "differs."
    )
    answer = do(instructor_client, handed_in, "grade", score="11")
    assert refused(answer) == {"override_reason": [message]}
    do(instructor_client, handed_in, "grade", score="11", override_reason="Handed in twice.")
    assert stored(handed_in).override_reason == "Handed in twice."
    do(instructor_client, handed_in, "grade", score="14.5")
    assert stored(handed_in).override_reason == ""


def test_sql_past_the_model_is_refused_without_a_reason(handed_in):
    mark(handed_in, 0)
    mark(handed_in, 1)
    with (
        pytest.raises(IntegrityError, match="submission_override_explained"),
        transaction.atomic(),
    ):
        AssessmentSubmission.objects.update(score=3)


def test_points_for_a_criterion_of_another_rubric_are_refused(handed_in):
    other = GradingRubric.objects.create(course=handed_in.assessment.course, title="Talk")
    voice = other.criteria.create(position=1, title="Voice", max_points=5)
    row = CriterionScore(submission=handed_in, criterion=voice, points=5, maximum=5)
    with pytest.raises(IntegrityError, match="criterion_score_rubric"), transaction.atomic():
        CriterionScore.objects.bulk_create([row])
