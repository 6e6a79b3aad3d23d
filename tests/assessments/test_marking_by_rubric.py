"""Marking by a rubric takes a choice for each criterion, and nothing else."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.filling import errors_of, fields_of, save

PREFIX = "criterion_scores"


@pytest.fixture
def rubric(courses: dict[str, Course], instructor: User) -> GradingRubric:
    """Two criteria with two levels each."""
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(instructor=instructor)
    made = GradingRubric.objects.create(course=course, title="Essay")
    for position, (title, points) in enumerate([("Argument", 60), ("Sources", 40)], 1):
        one = RubricCriterion.objects.create(
            rubric=made, position=position, title=title, max_points=points
        )
        RubricLevel.objects.create(criterion=one, title="Convincing", points=points)
        RubricLevel.objects.create(criterion=one, title="Thin", points=points / 2)
    return made


@pytest.fixture
def work(rubric: GradingRubric, student: Any) -> AssessmentSubmission:
    """What a student handed in for an assessment with this rubric."""
    one = student("s1001")
    Enrollment.objects.create(course=rubric.course, student=one)
    essay = Assessment.objects.create(
        course=rubric.course, code="TMA01", title="Essay", rubric=rubric
    )
    return AssessmentSubmission.objects.create(assessment=essay, student=one, text="So.")


def page_of(work: AssessmentSubmission) -> str:
    return reverse("admin:assessments_assessmentsubmission_change", args=[work.pk])


def level(work: AssessmentSubmission, criterion: str, title: str) -> int:
    levels = RubricLevel.objects.filter(criterion__rubric=work.assessment.rubric)
    return levels.get(criterion__title=criterion, title=title).pk


def test_every_criterion_stands_ready_with_its_own_levels(work, instructor_client: Client):
    page = instructor_client.get(page_of(work))
    formset = page.context["inline_admin_formsets"][0].formset
    assert [str(form["criterion"].initial) for form in formset.extra_forms] == [
        str(one.pk) for one in work.assessment.rubric.criteria.order_by("position")
    ]
    labels = [label for _key, label in formset.extra_forms[1].fields["level"].widget.choices]
    assert labels == ["–", "Convincing (40)", "Thin (20)"]


def test_a_level_for_each_criterion_gives_the_score(work, instructor, instructor_client: Client):
    chosen = {
        f"{PREFIX}-0-level": level(work, "Argument", "Convincing"),
        f"{PREFIX}-1-level": level(work, "Sources", "Thin"),
    }
    answer = save(instructor_client, page_of(work), **chosen)
    assert answer.status_code == 302, errors_of(answer)
    work.refresh_from_db()
    assert (work.score, work.status, work.grader) == (80, "graded", instructor)
    assert [score.points for score in work.criterion_scores.order_by("criterion__position")] == [
        60,
        20,
    ]


def test_points_typed_stand_before_those_of_the_level(work, instructor_client: Client):
    chosen = level(work, "Argument", "Thin")
    values = {f"{PREFIX}-0-level": chosen, f"{PREFIX}-0-points": "41"}
    assert save(instructor_client, page_of(work), **values).status_code == 302
    work.refresh_from_db()
    assert work.criterion_scores.get().points == 41
    assert (work.score, work.status) == (None, "submitted")


def test_rows_nobody_fills_in_are_no_rows(work, instructor_client: Client):
    assert save(instructor_client, page_of(work)).status_code == 302
    assert not work.criterion_scores.exists()


def test_a_comment_without_points_is_asked_about(work, instructor_client: Client):
    answer = save(instructor_client, page_of(work), **{f"{PREFIX}-0-comment": "Weak."})
    assert errors_of(answer) == {f"{PREFIX}-0-points": ["Choose a level, or say how many points."]}


def test_a_level_of_another_criterion_is_refused(work, instructor_client: Client):
    values = {f"{PREFIX}-0-level": level(work, "Sources", "Thin")}
    answer = save(instructor_client, page_of(work), **values)
    assert f"{PREFIX}-0-level" in errors_of(answer)
    assert not work.criterion_scores.exists()


def test_points_typed_on_the_form_make_the_work_graded(work, instructor_client: Client):
    assert save(instructor_client, page_of(work), score="64").status_code == 302
    work.refresh_from_db()
    assert (work.score, work.status) == (64, "graded")


def test_an_auditor_sees_no_empty_rows(work, auditor_client: Client):
    page = auditor_client.get(page_of(work))
    assert not any(form.formset.extra_forms for form in page.context["inline_admin_formsets"])
    assert f"{PREFIX}-0-criterion" not in fields_of(auditor_client, page_of(work))


def test_a_rubric_in_use_says_why_it_stands_still(work, instructor_client: Client):
    page = reverse("admin:assessments_gradingrubric_change", args=[work.assessment.rubric.pk])
    assert "so it stays as it is" not in instructor_client.get(page).content.decode()
    work.criterion_scores.create(criterion=work.assessment.rubric.criteria.first(), points=1)
    assert "so it stays as it is" in instructor_client.get(page).content.decode()
