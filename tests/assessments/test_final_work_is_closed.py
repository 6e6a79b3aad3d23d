"""What makes a final grade stays as it is, whatever page or code would change it."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
)
from backoffice.apps.users.models import Enrollment
from tests.assessments.final_work import BEFORE, FINAL, WHY, client_of, form_of, grade_of
from tests.filling import errors_of, fields_of, save


def test_a_final_grade_is_shown_and_its_page_says_what_to_do(work, instructor_client):
    page = instructor_client.get(form_of(work))
    assert FINAL in page.content.decode()
    assert "change_reason" not in page.content.decode()
    for row in (work.responses.get(), work.criterion_scores.get()):
        page = instructor_client.get(form_of(row))
        assert FINAL in page.content.decode()
        assert not set(page.context["adminform"].form.fields) & {"score", "points", "feedback"}


def test_points_of_final_work_do_not_change_on_its_page(work, person):
    CriterionScore.objects.update(comment="")
    AssessmentSubmission.objects.update(status="graded")
    client = client_of(person("admin", "chief", is_superuser=True))
    opened = fields_of(client, form_of(work))
    AssessmentSubmission.objects.update(status="finalized", posted_at="2026-04-01T12:00Z")
    typed = {"criterion_scores-0-points": "12", "responses-0-score": "12", "change_reason": WHY}
    errors = errors_of(client.post(form_of(work), opened | typed))
    assert FINAL in errors["criterion_scores-0-points"]
    assert errors["responses-0-score"] == [FINAL]
    assert work.criterion_scores.get().points == work.responses.get().score == 71


def test_points_are_not_added_to_final_work(work, instructor_client):
    work.criterion_scores.all().delete()
    sent = fields_of(instructor_client, form_of(work))
    added = {
        "criterion_scores-TOTAL_FORMS": "1",
        "criterion_scores-0-criterion": work.assessment.rubric.criteria.get().pk,
        "criterion_scores-0-points": "5",
    }
    answer = instructor_client.post(form_of(work), {**sent, **added, "change_reason": WHY})
    assert FINAL in str(errors_of(answer))
    assert not work.criterion_scores.exists()


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [("responses", "score", "12"), ("criterion_scores", "points", "12")],
)
def test_points_of_final_work_do_not_change_on_their_own_page(name, field, value, work, person):
    row = getattr(work, name).get()
    client = client_of(person("admin", "chief", is_superuser=True))
    answer = save(client, form_of(row), **{field: value})
    assert FINAL in errors_of(answer)[field]
    row.refresh_from_db()
    assert getattr(row, field) == 71


def test_what_was_typed_before_the_grade_was_final_is_kept_and_not_stored(work, instructor_client):
    AssessmentSubmission.objects.update(status="graded")
    opened = fields_of(instructor_client, form_of(work))
    AssessmentSubmission.objects.update(status="finalized", posted_at="2026-04-01T12:00Z")
    answer = instructor_client.post(form_of(work), opened | {"feedback": "Typed for an hour."})
    assert errors_of(answer)["feedback"] == [FINAL]
    assert "Typed for an hour." in answer.content.decode()
    assert grade_of(work) == BEFORE


def test_no_version_of_a_final_grade_is_brought_back(work, instructor_client):
    AssessmentSubmission.objects.update(status="graded", score=60, override_reason=WHY)
    AssessmentSubmission.objects.update(status="finalized", posted_at="2026-04-01T12:00Z", score=71)
    earlier = work.history.filter(score=60).first()
    page = reverse("admin:assessments_assessmentsubmission_revert", args=[work.pk, earlier.pk])
    for answer in (
        instructor_client.get(page),
        instructor_client.post(page, {"change_reason": WHY, "_seen": "{}", "score": "60"}),
    ):
        assert answer.status_code == 200
        assert FINAL in answer.content.decode()
    assert grade_of(work) == BEFORE


@pytest.mark.parametrize(
    ("field", "value"),
    [("score", 80), ("feedback", "Other"), ("status", "graded"), ("grader", None), ("attempt", 2)],
)
def test_the_model_saves_no_other_final_grade(field, value, work):
    setattr(work, field, value)
    with pytest.raises(ValidationError, match=FINAL):
        work.save()
    with pytest.raises(ValidationError, match=FINAL):
        work.save(update_fields=[field])
    assert grade_of(AssessmentSubmission.objects.get(pk=work.pk)) == BEFORE


def test_what_is_not_the_grade_is_saved(work):
    work.text = "So, then."
    work.full_clean()
    work.save()
    work.save(update_fields=["text"])
    assert grade_of(work) == BEFORE


def test_a_row_of_other_work_is_not_moved_into_final_work(work, student, course):
    two = student("s1002")
    Enrollment.objects.create(course=course, student=two)
    other = AssessmentSubmission.objects.create(assessment=work.assessment, student=two)
    work.criterion_scores.all().delete()
    level = work.assessment.rubric.criteria.get().levels.get()
    row = CriterionScore.objects.create(
        submission=other, criterion=level.criterion, level=level, points=level.points
    )
    row.submission = work
    with pytest.raises(ValidationError, match=FINAL):
        row.full_clean()
    with pytest.raises(ValidationError, match=FINAL):
        row.save()


def test_nothing_of_final_work_is_deleted(work, person):
    client = client_of(person("admin", "chief", is_superuser=True))
    for row in (work.criterion_scores.get(), work.responses.get(), work):
        meta = row._meta
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_delete", args=[row.pk])
        client.post(page, {"post": "yes"})
        assert type(row).objects.filter(pk=row.pk).exists()


def test_the_maximum_of_an_assessment_reaches_final_work(work):
    work.assessment.max_score = 150
    work.assessment.full_clean()
    work.assessment.save()
    work.refresh_from_db()
    assert (work.maximum, work.score) == (150, 71)
