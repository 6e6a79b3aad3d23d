"""Who marks whose work in the admin, and what marking leaves alone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    Question,
    QuestionResponse,
    RubricCriterion,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.filling import errors_of, fields_of, save


@pytest.fixture
def course(courses: dict[str, Course], instructor: User) -> Course:
    """The instructor's own course."""
    courses["BIO101"].instructor = instructor
    courses["BIO101"].save()
    return courses["BIO101"]


@pytest.fixture
def assistant(course: Course, person: Any) -> User:
    """Somebody who assists in the course."""
    helper = person("instructor", "assistant")
    Enrollment.objects.create(course=course, student=helper, role="teaching_assistant")
    return helper


@pytest.fixture
def work(course: Course, student: Any) -> AssessmentSubmission:
    """A student's submission with one answer."""
    one = student("s1001")
    Enrollment.objects.create(course=course, student=one)
    essay = Assessment.objects.create(course=course, code="TMA01", title="Essay")
    question = Question.objects.create(assessment=essay, position=1, text="Why?", points=10)
    handed_in = AssessmentSubmission.objects.create(assessment=essay, student=one, text="So.")
    QuestionResponse.objects.create(submission=handed_in, question=question, answer="Because.")
    return handed_in


def page_of(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_whoever_changes_a_grade_is_its_grader(work, instructor, instructor_client):
    answer = save(instructor_client, page_of(work), score="70", status="graded")
    assert answer.status_code == 302, errors_of(answer)
    work.refresh_from_db()
    assert (work.score, work.grader) == (70, instructor)
    assert work.graded_at is not None


def test_a_form_saved_unchanged_makes_nobody_the_grader(work, instructor_client):
    assert save(instructor_client, page_of(work)).status_code == 302
    work.refresh_from_db()
    assert work.grader is None


@pytest.mark.parametrize("who", ["instructor", "assistant"])
def test_nobody_grades_their_own_work(who, work, request):
    person = request.getfixturevalue(who)
    Enrollment.objects.update_or_create(
        course=work.assessment.course, student=person, defaults={"role": "teaching_assistant"}
    )
    own = AssessmentSubmission.objects.create(assessment=work.assessment, student=person)
    client = client_of(person)

    page = client.get(page_of(own))
    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    answer = client.post(page_of(own), fields_of(client, page_of(work)) | {"score": "100"})

    assert answer.status_code == 403
    own.refresh_from_db()
    assert own.score is None


def test_even_an_account_with_all_rights_is_refused_its_own_grade(work, person, student):
    chief = person("admin", "chief", is_superuser=True)
    Enrollment.objects.create(
        course=work.assessment.course, student=chief, role="teaching_assistant"
    )
    own = AssessmentSubmission.objects.create(assessment=work.assessment, student=chief)
    answer = save(client_of(chief), page_of(own), score="100")
    assert errors_of(answer) == {
        "__all__": ["Nobody grades their own submission."],
        "student": ["This person only assists or observes in the course, and gets no grade."],
    }


@pytest.mark.parametrize("who", ["instructor", "assistant"])
def test_what_a_student_answered_stays_what_it_was(who, work, request):
    client = client_of(request.getfixturevalue(who))
    forged = {"responses-0-answer": "Rewritten", "responses-0-score": "7", "text": "Rewritten"}
    answer = save(client, page_of(work), **forged)
    assert answer.status_code == 302, errors_of(answer)
    response = work.responses.get()
    work.refresh_from_db()
    assert (response.answer, response.score, work.text) == ("Because.", 7, "So.")


@pytest.mark.parametrize("who", ["instructor", "assistant"])
def test_an_answer_is_graded_on_its_own_page_too(who, work, request):
    client = client_of(request.getfixturevalue(who))
    answer = save(client, page_of(work.responses.get()), score="4")
    assert answer.status_code == 302, errors_of(answer)
    assert work.responses.get().score == 4


def test_an_assistant_gives_points_by_criterion_until_the_grade_is_final(work, assistant):
    rubric = GradingRubric.objects.create(course=work.assessment.course, title="Essay")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Argument", max_points=40
    )
    client = client_of(assistant)
    added = {
        "criterion_scores-TOTAL_FORMS": 1,
        "criterion_scores-0-criterion": criterion.pk,
        "criterion_scores-0-points": "30",
    }
    assert save(client, page_of(work), **added).status_code == 302
    assert CriterionScore.objects.get().points == 30

    AssessmentSubmission.objects.update(status="finalized", score=30)
    assert not client.get(page_of(work)).context["has_change_permission"]


def test_an_assistant_changes_a_draft_of_a_published_course(course, assistant):
    draft = Assessment.objects.create(course=course, code="TMA02", title="Drft")
    Course.objects.update(status="published")
    answer = save(client_of(assistant), page_of(draft), title="Draft")
    assert answer.status_code == 302, errors_of(answer)
    draft.refresh_from_db()
    assert draft.title == "Draft"

    Assessment.objects.update(status="published")
    assert not client_of(assistant).get(page_of(draft)).context["has_change_permission"]
