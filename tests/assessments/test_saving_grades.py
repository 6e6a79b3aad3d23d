"""One save of a grade stores all of it or nothing, and never over what somebody else stored."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.apps.assessments.grading.marked_work import marked_work, work_to_mark
from backoffice.apps.assessments.grading.writing import (
    AnswerInput,
    GradeInput,
    MarkInput,
    StaleGrade,
    write_grade,
)
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.users.models import Enrollment
from backoffice.audit.record.recording import recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_in(course: Any, student: Any) -> AssessmentSubmission:
    """Work that waits, for an assessment with a rubric of two criteria."""
    return waiting(course, student("s2001"), criteria=2)


def waiting(course: Any, author: Any, criteria: int) -> AssessmentSubmission:
    Enrollment.objects.get_or_create(course=course, student=author)
    rubric = GradingRubric.objects.create(course=course, title=f"Essay of {criteria}")
    for position in range(1, criteria + 1):
        one = RubricCriterion.objects.create(
            rubric=rubric, position=position, title=f"Criterion {position}", max_points=8
        )
        for title, points in (("Strong", 8), ("Weak", 3)):
            RubricLevel.objects.create(criterion=one, title=title, points=points)
    essay = Assessment.objects.create(course=course, code=f"E{criteria}", rubric=rubric)
    return AssessmentSubmission.objects.create(assessment=essay, student=author, text="So.")


def opened(work: AssessmentSubmission) -> str:
    """The version that a form carries which is opened now."""
    return marked_work(work_to_mark().get(pk=work.pk)).version


def marks(work: AssessmentSubmission, *titles: str) -> dict[int, MarkInput]:
    """The levels of these titles, criterion by criterion."""
    criteria = work.assessment.rubric.criteria.order_by("position")
    return {
        each.pk: MarkInput(level=each.levels.get(title=title).pk)
        for each, title in zip(criteria, titles, strict=False)
    }


def errors(refused: Any) -> dict[str, list[str]]:
    return refused.value.message_dict


def test_levels_give_points_and_the_score(handed_in, instructor):
    given = GradeInput(opened(handed_in), criteria=marks(handed_in, "Strong", "Weak"))
    work = write_grade(handed_in.pk, replace(given, feedback="Good."), instructor)
    handed_in.refresh_from_db()
    assert (handed_in.score, handed_in.computed_score, handed_in.status) == (11, 11, "graded")
    assert (handed_in.grader, handed_in.feedback, handed_in.version) == (instructor, "Good.", 2)
    assert handed_in.rubric == handed_in.assessment.rubric
    assert work.version == opened(handed_in)


def test_a_part_of_the_criteria_is_kept_and_gives_no_score(handed_in, instructor):
    given = GradeInput(opened(handed_in), criteria=marks(handed_in, "Strong"))
    write_grade(handed_in.pk, given, instructor)
    handed_in.refresh_from_db()
    assert (handed_in.score, handed_in.status, handed_in.version) == (None, "submitted", 2)
    assert handed_in.criterion_scores.get().points == 8


def test_the_score_follows_a_changed_criterion(handed_in, instructor):
    write_grade(
        handed_in.pk,
        GradeInput(opened(handed_in), criteria=marks(handed_in, "Strong", "Weak")),
        instructor,
    )
    again = GradeInput(
        opened(handed_in), score=Decimal(11), criteria=marks(handed_in, "Weak", "Weak")
    )
    write_grade(handed_in.pk, again, instructor)
    handed_in.refresh_from_db()
    assert (handed_in.score, handed_in.computed_score) == (6, 6)


def test_another_score_than_the_criteria_give_needs_a_word(handed_in, instructor):
    given = GradeInput(
        opened(handed_in), score=Decimal(12), criteria=marks(handed_in, "Strong", "Weak")
    )
    with pytest.raises(ValidationError) as refused:
        write_grade(handed_in.pk, given, instructor)
    assert errors(refused) == {
        "override_reason": [
            "Criteria or questions give 11 points, and the score says 12. Clear the score to take "
            "the sum, or say why it differs."
        ]
    }
    assert not handed_in.criterion_scores.exists()
    write_grade(handed_in.pk, replace(given, override_reason="A kind day."), instructor)
    handed_in.refresh_from_db()
    assert (handed_in.score, handed_in.computed_score) == (12, 11)
    assert handed_in.is_override


def test_who_was_faster_is_not_overwritten(handed_in, instructor):
    first = opened(handed_in)
    write_grade(handed_in.pk, GradeInput(first, score=Decimal(71)), instructor)
    with pytest.raises(StaleGrade) as stale:
        write_grade(handed_in.pk, GradeInput(first, score=Decimal(12)), instructor)
    assert stale.value.work.submission.score == 71
    handed_in.refresh_from_db()
    assert (handed_in.score, handed_in.version) == (71, 2)
    assert handed_in.history.count() == 2


def test_different_criteria_meet_too(handed_in, instructor):
    first, both = opened(handed_in), marks(handed_in, "Strong", "Weak")
    one, other = ({key: mark} for key, mark in both.items())
    write_grade(handed_in.pk, GradeInput(first, criteria=one), instructor)
    with pytest.raises(StaleGrade):
        write_grade(handed_in.pk, GradeInput(first, criteria=other), instructor)
    assert handed_in.criterion_scores.count() == 1


def test_a_second_click_is_one_save(handed_in, instructor):
    given = GradeInput(
        opened(handed_in), feedback="Good.", criteria=marks(handed_in, "Strong", "Weak")
    )
    write_grade(handed_in.pk, given, instructor)
    write_grade(handed_in.pk, given, instructor)
    handed_in.refresh_from_db()
    assert handed_in.version == 2


def test_an_unchanged_grade_is_no_new_version(handed_in, instructor):
    write_grade(handed_in.pk, GradeInput(opened(handed_in), score=Decimal(5)), instructor)
    write_grade(handed_in.pk, GradeInput(opened(handed_in), score=Decimal(5)), instructor)
    handed_in.refresh_from_db()
    assert handed_in.version == 2


def test_a_rubric_edited_meanwhile_is_said(handed_in, instructor):
    given = GradeInput(opened(handed_in), criteria=marks(handed_in, "Strong", "Weak"))
    RubricLevel.objects.filter(title="Weak").update(points=4)
    with pytest.raises(StaleGrade):
        write_grade(handed_in.pk, given, instructor)


def test_the_kinds_of_wrong_marks_are_told_together(handed_in, instructor, course, student):
    other = waiting(course, student("s2002"), criteria=1)
    own = handed_in.assessment.rubric.criteria.order_by("position")
    (foreign,) = marks(other, "Weak").values()
    stranger = other.assessment.rubric.criteria.get()
    given = GradeInput(
        opened(handed_in),
        score=Decimal(101),
        criteria={
            own[0].pk: MarkInput(level=foreign.level),
            own[1].pk: MarkInput(comment="Weak."),
            stranger.pk: MarkInput(points=Decimal(3)),
        },
    )
    with pytest.raises(ValidationError) as refused:
        write_grade(handed_in.pk, given, instructor)
    assert errors(refused) == {
        f"criterion-{own[0].pk}-level": [
            "This level belongs to another criterion. Choose one of “Criterion 1”."
        ],
        f"criterion-{own[1].pk}-points": [
            "“Criterion 2” has a comment and no points. Choose a level, or say how many points."
        ],
        f"criterion-{stranger.pk}-level": [
            "This criterion belongs to another rubric than the work is marked by."
        ],
        "score": ["The score is from 0 to 100 points."],
    }
    assert not CriterionScore.objects.filter(submission=handed_in).exists()


def test_points_between_levels_are_refused_unless_they_are_ranges(handed_in, instructor):
    first = handed_in.assessment.rubric.criteria.order_by("position")[0]
    level = first.levels.get(title="Strong").pk
    mark = {first.pk: MarkInput(level=level, points=Decimal("5.5"))}
    with pytest.raises(ValidationError) as refused:
        write_grade(handed_in.pk, GradeInput(opened(handed_in), criteria=mark), instructor)
    assert errors(refused) == {
        f"criterion-{first.pk}-points": [
            "These points are not those of the chosen level. Choose the level that has them, or "
            "enter the points of the level."
        ]
    }
    RubricCriterion.objects.update(has_ranges=True)
    write_grade(handed_in.pk, GradeInput(opened(handed_in), criteria=mark), instructor)
    assert handed_in.criterion_scores.get().points == Decimal("5.5")


def test_answers_to_questions_give_the_score_where_they_are_the_whole(
    handed_in, instructor, course
):
    quiz = Assessment.objects.create(course=course, code="Q1")
    row = AssessmentSubmission.objects.create(assessment=quiz, student=handed_in.student)
    asked = [
        Question.objects.bulk_create([Question(assessment=quiz, position=at, text="?", points=50)])[
            0
        ]
        for at in (1, 2)
    ]
    for each in asked:
        QuestionResponse.objects.create(submission=row, question=each, answer="So.")
    answers = {each.pk: AnswerInput(Decimal(20), "Short.") for each in asked}
    write_grade(row.pk, GradeInput(opened(row), answers=answers), instructor)
    row.refresh_from_db()
    assert (row.score, row.status) == (40, "graded")
    assert row.responses.first().feedback == "Short."


def test_nobody_else_may(handed_in, instructor, person, registrar, auditor):
    given = GradeInput(opened(handed_in), score=Decimal(9))
    for somebody in (person("instructor", "colleague"), registrar, auditor, handed_in.student):
        with pytest.raises(PermissionDenied):
            write_grade(handed_in.pk, given, somebody)
    with pytest.raises(PermissionDenied):
        write_grade(handed_in.pk + 99, given, instructor)


def test_a_final_grade_is_not_written(work, instructor, assistant):
    for somebody, refusal in ((instructor, ValidationError), (assistant, PermissionDenied)):
        with pytest.raises(refusal):
            write_grade(work.pk, GradeInput(opened(work), score=Decimal(9)), somebody)
    work.refresh_from_db()
    assert work.score == 71


def test_work_that_was_not_handed_in_gets_no_score(handed_in, instructor):
    AssessmentSubmission.objects.update(status="in_progress")
    with pytest.raises(ValidationError) as refused:
        write_grade(handed_in.pk, GradeInput(opened(handed_in), score=Decimal(9)), instructor)
    assert errors(refused) == {"score": ["This was not handed in yet. Choose “Take in” first."]}


@pytest.mark.parametrize("count", [3, 12])
def test_a_save_costs_eight_statements_whatever_the_rubric(course, student, instructor, count):
    row = waiting(course, student("s2003"), criteria=count)
    given = GradeInput(opened(row), criteria=marks(row, *["Weak"] * count))
    with (
        recording(actor=instructor),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        write_grade(row.pk, given, instructor)
    asked = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
    asked = [sql for sql in asked if sql not in ("BEGIN", "COMMIT")]
    assert len(asked) <= 8, "\n".join(asked)
    row.refresh_from_db()
    assert row.score == 3 * count
