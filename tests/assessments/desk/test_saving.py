"""One form saves all of a grade, or nothing; and nothing is overwritten unseen."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    GradeDraft,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.audit.models import ChangeSet
from tests.assessments.desk.desk import SWAP, Desk

MOST_STATEMENTS = 8
STALE = (
    "Nothing was saved: the grade changed while you were at it. Look at what is different below, "
    "choose, and save again."
)


def grade_of(work: AssessmentSubmission) -> tuple:
    work.refresh_from_db()
    return work.score, work.feedback, work.status, work.version


def test_levels_comments_and_feedback_are_one_grade_and_one_change_set(
    desk: Desk, works, instructor, rubric
):
    first = rubric.criteria.first()
    values = desk.marks("Convincing", "Thin") | {f"criterion-{first.pk}-comment": "Clear."}
    version = desk.version(works[0])
    before = ChangeSet.objects.count()
    answer = desk.save(works[0], **values, feedback="Good.", version=version)
    assert answer.status_code == 302
    assert grade_of(works[0]) == (80, "Good.", "graded", 2)
    assert works[0].grader == instructor
    assert CriterionScore.objects.get(criterion=first).comment == "Clear."
    assert ChangeSet.objects.count() == before + 1


def test_saving_goes_on_to_the_next_ungraded_work(desk: Desk, works):
    address = desk.address(works[0]) + "?order=time"
    values = desk.marks("Thin", "Thin") | {"version": desk.version(works[0])}
    answer = desk.client.post(address, values | {"go": "next"})
    assert answer.url == desk.address(works[1]) + "?order=time"


def test_a_swap_brings_the_next_work_with_the_answer(desk: Desk, works):
    address = desk.address(works[0]) + "?order=time"
    values = desk.marks("Thin", "Thin") | {"version": desk.version(works[0]), "go": "next"}
    answer = desk.client.post(address, values, headers=SWAP)
    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"] == desk.address(works[1]) + "?order=time"
    assert answer.context["submission"] == works[1]
    assert "Saved." in answer.content.decode()


def test_after_the_last_one_comes_the_queue(desk: Desk, works):
    for work in works:
        values = desk.marks("Thin", "Thin") | {"version": desk.version(work), "go": "next"}
        answer = desk.save(work, **values)
    assert answer.url == desk.address()


def test_a_saved_grade_leaves_no_draft(desk: Desk, works):
    values = desk.marks("Thin", "Thin") | {"version": desk.version(works[0])}
    desk.send(works[0], "draft", **values)
    desk.save(works[0], **values)
    assert not GradeDraft.objects.exists()


def test_a_stale_save_stores_nothing_and_shows_all_three(desk: Desk, assistant_desk: Desk, works):
    version = desk.version(works[0])
    theirs = desk.marks("Convincing", "Convincing") | {"feedback": "Excellent."}
    assert assistant_desk.save(works[0], **theirs, version=version).status_code == 302
    mine = desk.marks("Thin", "Thin") | {"feedback": "Weak.", "score": "50"}
    answer = desk.save(works[0], **mine, version=version)
    assert answer.status_code == 409
    assert grade_of(works[0]) == (100, "Excellent.", "graded", 2)
    page = answer.content.decode()
    assert STALE in page
    conflict = answer.context["outcome"].conflict
    assert (conflict.who, conflict.grader) == (
        "Assistant Example (assistant)",
        "Instructor Example",
    )
    assert [(each.label, each.base, each.stored, each.typed) for each in conflict.values] == [
        ("Score", "", "100", "50"),
        ("Feedback", "", "Excellent.", "Weak."),
        ("Argument", "", "Convincing – 60", "Thin"),
        ("Sources", "", "Convincing – 40", "Thin"),
    ]
    # What was typed stands in the form, and saving again means it.
    assert answer.context["work"].feedback == "Weak."
    again = answer.context["work"].version
    assert desk.save(works[0], **mine, version=again).status_code == 302
    assert grade_of(works[0]) == (50, "Weak.", "graded", 3)


def test_the_base_is_what_the_form_was_opened_with(desk: Desk, assistant_desk: Desk, works):
    first = desk.marks("Thin", "Thin") | {"feedback": "First."}
    desk.save(works[0], **first, version=desk.version(works[0]))
    version = desk.version(works[0])
    second = desk.marks("Thin", "Convincing") | {"feedback": "Second."}
    assistant_desk.save(works[0], **second, version=version)
    third = desk.marks("Convincing", "Thin") | {"feedback": "Third."}
    answer = desk.save(works[0], **third, version=version)
    assert answer.status_code == 409
    values = {each.label: each for each in answer.context["outcome"].conflict.values}
    base = {label: each.base for label, each in values.items()}
    assert base == {
        "Score": "50", "Feedback": "First.", "Argument": "Thin – 30", "Sources": "Thin – 20",
    }  # fmt: skip


def test_two_people_changing_different_criteria_meet(desk: Desk, assistant_desk: Desk, works):
    version = desk.version(works[0])
    assert assistant_desk.save(works[0], **desk.marks("Thin"), version=version).status_code == 302
    _argument, sources = desk.assessment.rubric.criteria.order_by("position")
    level = sources.levels.first().pk
    mine = {f"criterion-{sources.pk}-level": level, "version": version}
    assert desk.save(works[0], **mine).status_code == 409


def test_a_second_click_is_one_save(desk: Desk, works):
    values = desk.marks("Thin", "Thin") | {"version": desk.version(works[0])}
    assert desk.save(works[0], **values).status_code == 302
    assert desk.save(works[0], **values).status_code == 302
    assert grade_of(works[0])[3] == 2


def test_a_rubric_that_moved_meanwhile_is_told(desk: Desk, works, rubric):
    values = desk.marks("Thin", "Thin") | {"version": desk.version(works[0])}
    RubricCriterion.objects.filter(rubric=rubric, position=1).update(title="Reasoning")
    answer = desk.save(works[0], **values)
    assert answer.status_code == 409
    text = "The rubric, or the work itself, was changed. Look at the criteria again."
    assert text in answer.content.decode()


@pytest.mark.parametrize("version", ["", "1", "1-", "x" * 3000, "99999999999-a", "\u0661-a"])
def test_a_forged_version_is_stale(desk: Desk, works, version: str):
    answer = desk.save(works[0], **desk.marks("Thin", "Thin"), version=version)
    assert answer.status_code == 409
    assert grade_of(works[0])[0] is None


BAD_NUMBERS = [
    *("7_0", "NaN", "1e1", "12,5", "\uff11\uff12", "9" * 1000, "=1+1", "<b>7</b>", "-1", "101"),
    *("Infinity", "-Infinity", "0x10", "1.234", "1 0", "5%", "\u0661\u0662", "five", "..", "1.2.3"),
    *("+-1", "1/2", "\u00bd", "1,000.50", "1.000,50", "\x00", "'; --", "{{ 7 }}", "1e400", "--1"),
]


@pytest.mark.parametrize("typed", BAD_NUMBERS)
def test_what_is_no_score_is_refused_with_a_sentence(desk: Desk, works, typed: str):
    answer = desk.save(works[0], score=typed, version=desk.version(works[0]))
    assert answer.status_code in (200, 302, 422)
    assert answer.status_code == 422 or typed == "\x00", answer.status_code
    if answer.status_code == 422:
        (message,) = answer.context["outcome"].errors["score"]
        assert message.endswith(".") or "Write" in message
        assert answer.context["work"].score == typed.replace("\0", "")[:50_000]
    assert grade_of(works[0])[0] is None


@pytest.mark.parametrize("typed", BAD_NUMBERS[:8])
def test_what_is_no_points_is_refused_beside_its_criterion(desk: Desk, works, rubric, typed: str):
    name = f"criterion-{rubric.criteria.first().pk}-points"
    values = desk.marks("Thin", "Thin") | {name: typed, "version": desk.version(works[0])}
    answer = desk.save(works[0], **values)
    assert answer.status_code == 422
    assert answer.context["work"].criteria[0].errors
    assert not CriterionScore.objects.exists()


def test_a_level_of_another_criterion_is_refused(desk: Desk, works, rubric):
    first, second = rubric.criteria.order_by("position")
    values = {f"criterion-{first.pk}-level": second.levels.first().pk}
    answer = desk.save(works[0], **values, version=desk.version(works[0]))
    assert answer.status_code == 422
    assert answer.context["outcome"].errors == {
        f"criterion-{first.pk}-level": [
            "This level belongs to another criterion. Choose one of “Argument”."
        ]
    }


@pytest.mark.parametrize("level", ["x", "0", "9" * 30, "1.5", "-1"])
def test_a_forged_level_is_refused(desk: Desk, works, rubric, level: str):
    values = {f"criterion-{rubric.criteria.first().pk}-level": level}
    answer = desk.save(works[0], **values, version=desk.version(works[0]))
    assert answer.status_code == 422


def test_a_criterion_of_another_rubric_is_refused(desk: Desk, works):
    answer = desk.save(works[0], **{"criterion-999-points": "5"}, version=desk.version(works[0]))
    assert answer.status_code == 422


def test_another_score_than_the_sum_takes_a_word(desk: Desk, works):
    values = desk.marks("Thin", "Thin") | {"score": "60", "version": desk.version(works[0])}
    answer = desk.save(works[0], **values)
    assert answer.status_code == 422
    assert "override_reason" in answer.context["outcome"].errors
    values |= {"override_reason": "The figures are excellent."}
    assert desk.save(works[0], **values).status_code == 302
    assert grade_of(works[0])[0] == 60


def test_answers_get_their_points(desk: Desk, works):
    desk.assessment.rubric = None
    desk.assessment.save()
    Question.objects.bulk_create(
        [Question(assessment=desk.assessment, position=1, text="Why?", points=100)]
    )
    question = Question.objects.get()
    QuestionResponse.objects.create(submission=works[0], question=question, answer="Because.")
    values = {
        f"response-{question.pk}-score": "70.5",
        f"response-{question.pk}-feedback": "Nearly.",
        "version": desk.version(works[0]),
    }
    assert desk.save(works[0], **values).status_code == 302
    assert str(grade_of(works[0])[0]) == "70.50"
    assert QuestionResponse.objects.get().feedback == "Nearly."


def test_control_characters_are_refused_in_feedback(desk: Desk, works):
    values = {"score": "5", "feedback": "A\x01B", "version": desk.version(works[0])}
    answer = desk.save(works[0], **values)
    assert answer.status_code == 422
    assert "feedback" in answer.context["outcome"].errors


def test_an_assistant_who_lost_the_course_is_refused_and_keeps_the_draft(
    desk: Desk, assistant_desk: Desk, works, course
):
    values = desk.marks("Thin", "Thin") | {"version": desk.version(works[0])}
    assistant_desk.send(works[0], "draft", feedback="Good.", version=values["version"])
    AssessmentSubmission.objects.filter(pk=works[0].pk).update(
        score=50, status="finalized", posted_at="2026-04-01T12:00Z"
    )
    answer = assistant_desk.save(works[0], **values, feedback="Good work.")
    assert answer.status_code == 403
    assert GradeDraft.objects.get().payload["feedback"] == "Good work."


def test_a_save_costs_eight_statements_at_most_and_the_same_with_more_criteria(
    desk: Desk, works, rubric
):
    desk.client.get("/admin/")
    with CaptureQueriesContext(connection) as queries:
        desk.client.get("/admin/search/?s=")
    signed_in = len(queries)
    costs = []
    for work, more in zip(works, (0, 1, 10), strict=True):
        for position in range(rubric.criteria.count() + 1, rubric.criteria.count() + 1 + more):
            one = RubricCriterion(
                rubric=rubric, position=position, title=f"C{position}", max_points=5
            )
            RubricCriterion.objects.bulk_create([one])
            one = RubricCriterion.objects.get(rubric=rubric, position=position)
            RubricLevel.objects.bulk_create(
                [RubricLevel(criterion=one, title=t, points=1, maximum=5) for t in ("Thin", "Bad")]
            )
        titles = ["Thin"] * rubric.criteria.count()
        values = desk.marks(*titles) | {"version": desk.version(work)}
        with CaptureQueriesContext(connection) as queries:
            assert desk.save(work, **values).status_code == 302
        made = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
        costs.append(len(made) - signed_in)
    assert len(set(costs)) == 1, costs
    assert costs[0] <= MOST_STATEMENTS, "\n".join(made)
