"""The page of a piece of work: what stands on it, how it goes on, and what it costs."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.apps.assessments.desk import drafts
from backoffice.apps.assessments.desk.difference import MOST_WORDS, difference
from backoffice.apps.assessments.desk.keys import HELD, SINGLE
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    DeskPreference,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from tests.assessments.desk.conftest import DUE
from tests.assessments.desk.desk import Desk

MOST_STATEMENTS = 10


def statements(desk: Desk, address: str, **headers: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert desk.client.get(address, headers=headers).status_code == 200
    return [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]


def test_the_form_has_the_fields_that_others_know(desk: Desk, works, rubric):
    page = desk.open(works[0]).content.decode()
    names = set(re.findall(r'name="([^"]+)"', page))
    for criterion in rubric.criteria.all():
        assert {f"criterion-{criterion.pk}-{part}" for part in ("level", "points", "comment")} <= (
            names
        )
    assert {"score", "feedback", "override_reason", "version"} <= names


def test_answers_have_points_and_feedback_each(desk: Desk, works):
    Question.objects.bulk_create(
        [Question(assessment=desk.assessment, position=1, text="Why?", points=10)]
    )
    answer = QuestionResponse.objects.create(
        submission=works[0], question=Question.objects.get(), answer="Because."
    )
    page = desk.open(works[0]).content.decode()
    assert f'name="response-{answer.question_id}-score"' in page
    assert f'name="response-{answer.question_id}-feedback"' in page
    assert "Because." in page


def test_a_swap_brings_the_pane_alone(desk: Desk, works):
    pane = desk.swap(works[0]).content.decode()
    assert pane.lstrip().startswith('<div id="desk-pane"')
    assert "<html" not in pane


def test_the_choice_of_work_stands_in_every_address(desk: Desk, works):
    page = desk.open(works[0], order="time")
    assert page.context["next_address"] == desk.address(works[1]) + "?order=time"
    assert page.context["queue_address"] == desk.address() + "?order=time"


def test_without_a_rubric_the_work_gets_one_score(desk: Desk, works):
    desk.assessment.rubric = None
    desk.assessment.save()
    page = desk.open(works[0])
    assert page.context["work"].criteria == []
    text = "No rubric belongs to this assessment: the whole work gets one score."
    assert text in page.content.decode()


def test_work_without_text_and_answers_says_so(desk: Desk, works):
    type(works[0])._base_manager.filter(pk=works[0].pk).update(text="")
    text = "This work has no text and no answers. It may have been handed in on paper."
    assert text in desk.open(works[0]).content.decode()


def test_two_attempts_are_compared_word_by_word(desk: Desk, works):
    second = AssessmentSubmission.objects.create(
        assessment=desk.assessment,
        student=works[0].student,
        attempt=2,
        text="The herring of Ada moved far south.",
        submitted_at=DUE,
    )
    page = desk.open(second, against=1).content.decode()
    assert "<del>north.</del><ins>far south.</ins>" in page
    newer = "Attempt 2 was handed in after this one."
    assert newer in desk.open(works[0]).content.decode()
    assert newer not in page


@pytest.mark.parametrize("against", ["7", "x", "9" * 30, ""])
def test_an_attempt_that_is_not_there_is_not_compared(desk: Desk, works, against: str):
    assert "<del>" not in desk.open(works[0], against=against).content.decode()


def test_the_pieces_of_a_comparison_are_both_texts():
    before, after = "One  two\nthree", "One two\nfour three"
    pieces = difference(before, after)
    assert "".join(p.text for p in pieces if p.kind != "new") == before
    assert "".join(p.text for p in pieces if p.kind != "old") == after


def test_texts_that_take_too_long_are_not_compared():
    assert difference("a " * MOST_WORDS, "b " * MOST_WORDS) is None


def test_the_help_lists_the_keys_that_act(desk: Desk, works):
    page = desk.open(works[0])
    assert page.context["help_keys"] == [*SINGLE, *HELD]
    text = page.content.decode()
    for key in (*SINGLE, *HELD):
        assert f"<td>{key.label}</td>" in text
    keys = [key.key for key in SINGLE]
    assert len(keys) == len(set(keys))


def test_single_keys_are_switched_off_per_person(desk: Desk, assistant_desk: Desk, works):
    assert 'data-has-keys="1"' in desk.open(works[0]).content.decode()
    answer = desk.send(works[0], "keys", on="0")
    assert answer.json() == {"message": "Single keys are switched off."}
    assert 'data-has-keys=""' in desk.open(works[0]).content.decode()
    assert 'data-has-keys="1"' in assistant_desk.open(works[0]).content.decode()
    desk.send(works[0], "keys", on="1")
    assert DeskPreference.objects.get().has_keys


def test_what_is_refused_is_kept(desk: Desk, works):
    answer = desk.save(works[0], score="many", feedback="Good.", version="1")
    assert answer.status_code == 422
    assert answer.context["work"].score == "many"
    draft = drafts.draft_of(works[0], desk.assessment.course.instructor)
    assert draft.payload == {"score": "many", "feedback": "Good.", "version": "1"}


def test_the_next_work_costs_ten_statements_at_most(desk: Desk, works, rubric):
    desk.client.get("/admin/")
    signed_in = len(statements(desk, "/admin/search/?s="))
    few = statements(desk, desk.address(works[0]), **{"HX-Request": "true"})
    assert len(few) - signed_in <= MOST_STATEMENTS, "\n".join(few)
    for position in range(3, 13):
        one = RubricCriterion.objects.create(
            rubric=rubric, position=position, title=f"C{position}", max_points=5
        )
        RubricLevel.objects.create(criterion=one, title="Good", points=5)
    many = statements(desk, desk.address(works[0]), **{"HX-Request": "true"})
    assert len(many) == len(few)


def test_the_queue_costs_the_same_for_any_number_of_lines(desk: Desk, works):
    desk.client.get("/admin/")
    few = len(statements(desk, desk.address()))
    for number in range(30):
        AssessmentSubmission.objects.create(
            assessment=desk.assessment,
            student=works[number % 3].student,
            attempt=number + 2,
            submitted_at=DUE,
        )
    assert len(statements(desk, desk.address())) == few
