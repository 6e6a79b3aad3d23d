"""The page on which an assessment moves to another rubric."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, RubricMove
from backoffice.apps.assessments.rubrics.moves import plan_move
from backoffice.apps.users.models import Enrollment
from tests.assessments.moved_work import FIRST, REASON, marked, move, rubric_with
from tests.assessments.rubric_grids import opened_form, send

pytestmark = pytest.mark.django_db
TYPICAL = {"Argument": "Strong", "Sources": "Sound", "Style": "Good"}


@pytest.fixture
def paper(course: Any) -> Assessment:
    """An assessment marked by the first version, passed with 75 points."""
    rubric = rubric_with(course, FIRST)
    return Assessment.objects.create(
        course=course, code="E1", title="Essay", rubric=rubric, passing_score=75
    )


@pytest.fixture
def new(paper: Assessment) -> Any:
    """A second version, with fewer points for the argument."""
    return rubric_with(paper.course, FIRST | {"Argument": {"Strong": 30}}, version=2)


@pytest.fixture
def work(paper: Assessment, student: Any, instructor: Any) -> AssessmentSubmission:
    """Work with 80 points."""
    return marked(paper, student("s1"), instructor, **TYPICAL)


def address_of(paper: Assessment) -> str:
    return reverse("admin:assessments_assessment_rubric_move", args=[paper.pk])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def posted(paper: Assessment, new: Any, **changed: str) -> dict[str, str]:
    digest = plan_move(Assessment.objects.get(pk=paper.pk), new).digest
    return {"to": str(new.pk), "digest": digest, "reason": REASON} | changed


def test_the_page_says_what_would_change_and_writes_nothing(instructor_client, paper, new, work):
    answer = instructor_client.get(address_of(paper))
    assert answer.status_code == 200
    text = text_of(answer)
    assert "Marked by Essay (v1)." in text
    assert "over −8, up to −10 1" in text
    assert "0 would pass who do not now; 1 would not pass who do now." in text
    assert "s1 80 70 -10" in text
    assert "Move, with 1 marked submission" in text
    work.refresh_from_db()
    assert (work.score, RubricMove.objects.count()) == (80, 0)


def test_the_move_is_done_and_undone_on_the_page(instructor_client, paper, new, work):
    answer = instructor_client.post(address_of(paper), posted(paper, new), follow=True)
    text = text_of(answer)
    assert "The assessment is marked by Essay (v2) now; 1 marked submission moved." in text
    work.refresh_from_db()
    assert work.score == 70
    undo = {"undo": str(RubricMove.objects.get().pk), "reason": "It was the wrong version."}
    answer = instructor_client.post(address_of(paper), undo, follow=True)
    assert "The move is undone: the assessment is marked by Essay (v1) again." in text_of(answer)
    work.refresh_from_db()
    assert work.score == 80


def test_a_stale_answer_is_shown_anew_with_what_was_typed(instructor_client, paper, new, work):
    form = posted(paper, new)
    work.feedback = "Fine."
    work.save()
    answer = instructor_client.post(address_of(paper), form)
    assert answer.status_code == 409
    assert (
        "Something changed since the answer was shown: a grade, a rubric or the assessment. "
        "Nothing was moved. Below is the answer of now; look at it again."
    ) in text_of(answer)
    assert REASON in answer.content.decode()
    assert posted(paper, new)["digest"] in answer.content.decode()
    assert not RubricMove.objects.exists()


def test_a_move_needs_a_reason(instructor_client, paper, new, work):
    answer = instructor_client.post(address_of(paper), posted(paper, new, reason="No."))
    assert answer.status_code == 422
    assert "Say it in at least 10 characters." in text_of(answer)
    assert not RubricMove.objects.exists()


def test_an_undo_that_is_refused_names_whose_grade_changed(
    instructor_client, instructor, paper, new, work
):
    done = move(paper, new, instructor)
    work.refresh_from_db()
    work.feedback = "Fine."
    work.save()
    form = {"undo": str(done.pk), "reason": "It was the wrong version."}
    answer = instructor_client.post(address_of(paper), form)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "Nothing was undone: grades changed since the move, those of s1." in text


@pytest.mark.parametrize("role", ["assistant", "auditor", "registrar", "admin", "colleague"])
def test_nobody_else_moves(role, person, paper, new, work):
    somebody = person("instructor" if role in ("assistant", "colleague") else role, role)
    if role == "assistant":
        Enrollment.objects.create(course=paper.course, student=somebody, role="teaching_assistant")
        Assessment.objects.filter(pk=paper.pk).update(status="draft")
    client = Client()
    client.force_login(somebody)
    assert client.get(address_of(paper)).status_code == 403
    assert client.post(address_of(paper), posted(paper, new)).status_code == 403
    assert not RubricMove.objects.exists()


@pytest.mark.parametrize("key", ["0", "x", "999999999999", "-1", "1 OR 1=1"])
def test_no_rubric_of_another_course_is_found(key, instructor_client, paper, courses):
    foreign = rubric_with(courses["ART200"], FIRST)
    for to in (key, str(foreign.pk)):
        assert instructor_client.get(address_of(paper), {"to": to}).status_code == 404
        form = {"to": to, "digest": "", "reason": REASON}
        assert instructor_client.post(address_of(paper), form).status_code == 404
    assert instructor_client.post(address_of(paper), {"undo": key}).status_code == 404


def test_an_assessment_without_another_rubric_says_what_to_do(instructor_client, paper):
    answer = instructor_client.get(address_of(paper))
    assert "The course has no other rubric. Edit the grid of this one" in text_of(answer)
    answer = instructor_client.post(address_of(paper), {"reason": REASON})
    assert answer.status_code == 409


def test_the_form_of_the_assessment_leads_to_the_page(instructor_client, paper, new, work):
    page = instructor_client.get(
        reverse("admin:assessments_assessment_change", args=[paper.pk])
    ).content.decode()
    assert address_of(paper) in page


def test_a_next_version_leads_to_what_it_would_change(instructor_client, paper, work):
    form = opened_form(instructor_client, paper.rubric)
    answer = send(instructor_client, paper.rubric, form | {"criterion-0-description": "Clear."})
    page = instructor_client.get(answer["Location"]).content.decode()
    newest = paper.course.rubrics.order_by("-version").first()
    assert f"{address_of(paper)}?to={newest.pk}" in page
    assert "Essay is still marked by the version before." in page


def test_work_to_look_at_again_is_listed_until_it_is_done(
    instructor_client, instructor, paper, work
):
    evidence = rubric_with(
        paper.course, {"Argument": FIRST["Argument"], "Evidence": {"Strong": 60}}, version=2
    )
    text = text_of(instructor_client.get(f"{address_of(paper)}?to={evidence.pk}"))
    assert "s1 : Evidence" in text
    assert "The other rubric has no criterion of this title." in text
    move(paper, evidence, instructor)
    text = text_of(instructor_client.get(address_of(paper)))
    assert "These have a score and lack points for a criterion of the rubric." in text
    assert "s1 · 80" in text
