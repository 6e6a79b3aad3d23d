"""The work of the demo school: essays, many of them unmarked, a quiz, and what is to come."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from backoffice.apps.assessments.demo.essays import FEEDBACK, REVIEWS, essay
from backoffice.apps.assessments.demo.rubric import mark, rubric_of
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    Question,
    QuestionResponse,
)
from backoffice.apps.courses.demo.catalogue import NEXT_PRESENTATION
from backoffice.apps.courses.demo.content import tended
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.audit.record.bulk_create import create_all
from backoffice.operations.demo import Scale, ensure

Status = AssessmentSubmission.Status
REVIEWED = 10  # one of how many essays
ONE_FINAL = 5  # one of how many grades, while the course goes on
ONE_WRITING = 8  # one of how many unmarked second essays is not handed in yet
LATE = 0.08  # how much of the work
ANSWERING = 20  # people of a course whose quiz is answered question by question
GROUNDWORK = "What does the first chapter call the groundwork?"
NORTHMOST = "Which of these towns lies furthest north?"
# kind, text, options, answer, points
QUESTIONS: tuple[tuple[Question.Kind, str, list[str], str, int], ...] = (
    (Question.Kind.SINGLE_CHOICE, NORTHMOST, ["Lübeck", "Turku", "Gdańsk"], "Turku", 10),
    (Question.Kind.SHORT_ANSWER, GROUNDWORK, [], "What everything else stands on", 90),
)
UPCOMING = timedelta(days=10)


@dataclass(frozen=True)
class EssayTask:
    """An essay everybody writes: when it is due, and, at the latest, how many days ago.

    `waiting` is the share that nobody has marked while the course goes on.
    """

    code: str
    title: str
    days: int
    lag: int
    waiting: float


FIRST, SECOND = (
    EssayTask("TMA01", "First essay", 40, 14, 0.15),
    EssayTask("TMA02", "Second essay", 75, 3, 0.8),
)


def hand_in(scale: Scale) -> None:
    courses = [(e, c) for e, c in tended(scale) if e.presentation != NEXT_PRESENTATION]
    scale.log(f"{scale.submissions:,} submissions …")
    for number, (entry, course) in enumerate(courses):
        share = _share(scale.submissions, len(courses), number)
        add_work(course, share, is_over=entry.is_over)


def _share(whole: int, parts: int, number: int) -> int:
    return whole * (number + 1) // parts - whole * number // parts


@transaction.atomic
def add_work(course: Course, count: int, *, is_over: bool) -> None:
    """Add assessments and so many submissions to a course that has people but no assessments."""
    if course.assessments.exists() or not _writers(course, 1):
        return
    rubric, half = rubric_of(course), count // 2
    first = _hand_in(course, FIRST, half, is_over=is_over, rubric=rubric)
    mark([each for each in first if each.score is not None], rubric)
    _review(first, rubric)
    _hand_in(course, SECOND, count - half, is_over=is_over, rubric=rubric)
    _quiz(course)
    if not is_over:
        _assessment(course, "TMA03", "Third essay", timezone.now() + UPCOMING, rubric=rubric)
        exam = {"assessment_type": "exam", "status": Assessment.Status.DRAFT, "weight": 40}
        _assessment(course, "EXAM", "Examination", None, **exam)


def _due(course: Course, task: EssayTask) -> datetime:
    assert course.starts_on
    planned = datetime.combine(course.starts_on, time(12), UTC) + timedelta(days=task.days)
    # Work that is handed in lies in the past, on whichever day of the term the data is made.
    return min(planned, timezone.now() - timedelta(days=task.lag))


def _assessment(
    course: Course, code: str, title: str, due: datetime | None, **values: Any
) -> Assessment:
    usual = {"assessment_type": code[:3], "status": Assessment.Status.PUBLISHED, "weight": 20}
    return ensure(
        Assessment,
        {"course": course, "code": code},
        title=title,
        due_date=due,
        allow_late_submission=True,
        **usual | values,
    )


def _writers(course: Course, count: int) -> list[int]:
    rows = Enrollment.objects.filter(course=course).exclude(status=Enrollment.Status.WITHDRAWN)
    return list(rows.order_by("pk").values_list("student_id", flat=True)[:count])


def _hand_in(
    course: Course, task: EssayTask, count: int, *, is_over: bool, rubric: GradingRubric
) -> list[AssessmentSubmission]:
    essays = _assessment(course, task.code, task.title, _due(course, task), rubric=rubric)
    return create_all(
        _submission(essays, student, task, place, is_over=is_over)
        for place, student in enumerate(_writers(course, count))
    )


def _submission(
    essays: Assessment, student: int, task: EssayTask, place: int, *, is_over: bool
) -> AssessmentSubmission:
    # Not seeded by keys, which differ from one database to the next.
    chance = Random(f"{essays.course} {task.code} {place}")
    due, is_late = essays.due_date, chance.random() < LATE
    assert due
    hours = chance.uniform(1, 48) if is_late else -chance.uniform(0.2, 200)
    row = AssessmentSubmission(
        assessment=essays,
        student_id=student,
        maximum=essays.max_score,
        text=essay(chance),
        is_late=is_late,
        submitted_at=due + timedelta(hours=hours),
    )
    if is_over or chance.random() >= task.waiting:
        _grade(row, chance, is_final=is_over or place % ONE_FINAL == 0)
    elif task is SECOND and place % ONE_WRITING == 0:
        row.status, row.submitted_at, row.is_late = Status.IN_PROGRESS, None, False
        row.started_at = due - timedelta(hours=8)
    return row


def _grade(row: AssessmentSubmission, chance: Random, *, is_final: bool) -> None:
    assert row.submitted_at
    row.status = Status.FINALIZED if is_final else Status.GRADED
    row.score = round(min(max(chance.gauss(68, 14), 5), 100), 1)
    row.grader = row.assessment.course.instructor
    row.graded_at = row.submitted_at + timedelta(hours=chance.uniform(4, 20))
    row.feedback = chance.choice(FEEDBACK)


def _review(essays: list[AssessmentSubmission], rubric: GradingRubric) -> None:
    # The author of the next essay reviews it, so nobody reviews their own; half have done so.
    pairs = zip(essays[::REVIEWED], essays[1::REVIEWED], strict=False)
    reviews = create_all(
        PeerReview(
            submission=submission,
            reviewer_id=neighbour.student_id,
            author_id=submission.student_id,
            **_state_of_review(number),
        )
        for number, (submission, neighbour) in enumerate(pairs)
    )
    done = [review for review in reviews if review.status == PeerReview.Status.SUBMITTED]
    create_all(
        PeerReviewScore(
            review=review,
            criterion=criterion,
            points=criterion.max_points * 7 / 10,
            maximum=criterion.max_points,
        )
        for criterion in rubric.criteria.all()
        for review in done
    )


def _state_of_review(number: int) -> dict[str, Any]:
    if number % 2:
        return {"due_date": timezone.now() + timedelta(days=7 - number % 11)}
    return {
        "status": PeerReview.Status.SUBMITTED,
        "feedback": REVIEWS[number % len(REVIEWS)],
        "submitted_at": timezone.now(),
    }


def _quiz(course: Course) -> None:
    quiz = _assessment(course, "CMA01", "Quiz on the groundwork", _due(course, FIRST))
    questions = create_all(
        Question(
            assessment=quiz,
            position=place,
            question_type=kind,
            text=text,
            options=options,
            correct_answer=answer,
            points=points,
        )
        for place, (kind, text, options, answer, points) in enumerate(QUESTIONS, 1)
    )
    answered = create_all(
        AssessmentSubmission(
            assessment=quiz,
            student_id=student,
            maximum=quiz.max_score,
            status=Status.GRADED,
            score=100,
            submitted_at=quiz.due_date,
            graded_at=quiz.due_date,
        )
        for student in _writers(course, ANSWERING)
    )
    create_all(
        QuestionResponse(
            submission=submission,
            question=question,
            answer=question.correct_answer,
            score=question.points,
            maximum=question.points,
        )
        for submission in answered
        for question in questions
    )
