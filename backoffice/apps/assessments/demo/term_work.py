"""The work of a larger demo school: two essays a course, many waiting to be marked, and a quiz."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from backoffice.apps.assessments.demo.essays import FEEDBACK, REVIEWS, essay
from backoffice.apps.assessments.demo.rubric import mark, rubric_of
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
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
ANSWERING = 20  # people of a course whose quiz is told question by question
QUESTIONS = (
    ("What does the first chapter call the groundwork?", "What everything else stands on"),
    ("Name one source that disagrees with the textbook.", "The second edition"),
)


@dataclass(frozen=True)
class EssayTask:
    """An essay everybody writes: when it is due, and, at the latest, how many days ago."""

    code: str
    title: str
    days: int
    lag: int


TASKS = (EssayTask("TMA01", "First essay", 40, 14), EssayTask("TMA02", "Second essay", 75, 3))


def hand_in(scale: Scale) -> None:
    """So many submissions, spread over the tended courses that have begun."""
    courses = [(e, c) for e, c in tended(scale) if e.presentation != NEXT_PRESENTATION]
    scale.log(f"{scale.submissions:,} submissions …")
    for number, (entry, course) in enumerate(courses):
        share = _share(scale.submissions, len(courses), number)
        _work(course, share, is_over=entry.is_over)


def _share(whole: int, parts: int, number: int) -> int:
    return whole * (number + 1) // parts - whole * number // parts


@transaction.atomic
def _work(course: Course, count: int, *, is_over: bool) -> None:
    """Once: a course with assessments has its work already."""
    if course.assessments.exists():
        return
    rubric = rubric_of(course)
    for number, task in enumerate(TASKS):
        assessment = _assessment(course, task.code, task.title, _due(course, task), rubric=rubric)
        is_marked = is_over or number == 0
        share = _share(count, len(TASKS), number)
        made = create_all(_submissions(assessment, share, is_over=is_over, is_marked=is_marked))
        if number == 0:
            mark([each for each in made if each.score is not None], rubric)
            _review(made)
    _quiz(course)


def _due(course: Course, task: EssayTask) -> datetime:
    """In its term; but work that is handed in lies in the past, whenever the data is made."""
    assert course.starts_on
    planned = datetime.combine(course.starts_on, time(12), UTC) + timedelta(days=task.days)
    return min(planned, timezone.now() - timedelta(days=task.lag))


def _assessment(
    course: Course, code: str, title: str, due: datetime, **values: object
) -> Assessment:
    return ensure(
        Assessment,
        {"course": course, "code": code},
        title=title,
        assessment_type=code[:3],
        status=Assessment.Status.PUBLISHED,
        weight=30,
        due_date=due,
        allow_late_submission=True,
        **values,
    )


def _writers(course: Course, count: int) -> list[int]:
    rows = Enrollment.objects.filter(course=course).exclude(status=Enrollment.Status.WITHDRAWN)
    return list(rows.order_by("pk").values_list("student_id", flat=True)[:count])


def _submissions(
    assessment: Assessment, count: int, *, is_over: bool, is_marked: bool
) -> Iterator[AssessmentSubmission]:
    for student in _writers(assessment.course, count):
        chance = Random(assessment.pk * 1_000_003 + student)
        is_left = chance.random() < (0 if is_over else 0.15 if is_marked else 0.8)
        row = _submission(assessment, student, chance)
        if not is_left:
            _grade(row, chance, is_final=is_over)
        yield row


def _submission(assessment: Assessment, student: int, chance: Random) -> AssessmentSubmission:
    due, late = assessment.due_date, chance.random() < 0.08
    assert due
    hours = chance.uniform(1, 48) if late else -chance.uniform(0.2, 200)
    return AssessmentSubmission(
        assessment=assessment,
        student_id=student,
        maximum=assessment.max_score,
        text=essay(chance.randrange(1 << 30)),
        is_late=late,
        submitted_at=due + timedelta(hours=hours),
    )


def _grade(row: AssessmentSubmission, chance: Random, *, is_final: bool) -> None:
    assert row.submitted_at
    row.status = Status.FINALIZED if is_final else Status.GRADED
    row.score = round(min(max(chance.gauss(68, 14), 5), 100), 1)
    row.grader = row.assessment.course.instructor
    row.graded_at = row.submitted_at + timedelta(hours=chance.uniform(4, 20))
    row.feedback = chance.choice(FEEDBACK)


def _review(essays: list[AssessmentSubmission]) -> None:
    """Every tenth essay is looked at by its neighbour's author; half of the reviews are in."""
    pairs = list(zip(essays[::REVIEWED], essays[1::REVIEWED], strict=False))
    create_all(
        PeerReview(
            submission=submission,
            reviewer_id=other.student_id,
            author_id=submission.student_id,
            due_date=timezone.now() + timedelta(days=7 - number % 11),
        )
        for number, (submission, other) in enumerate(pairs[1::2])
    )
    _score(create_all(_done(pairs[::2])))


def _done(
    pairs: list[tuple[AssessmentSubmission, AssessmentSubmission]],
) -> Iterator[PeerReview]:
    for number, (submission, other) in enumerate(pairs):
        yield PeerReview(
            submission=submission,
            reviewer_id=other.student_id,
            author_id=submission.student_id,
            status=PeerReview.Status.SUBMITTED,
            feedback=REVIEWS[number % len(REVIEWS)],
            submitted_at=timezone.now(),
        )


def _score(reviews: list[PeerReview]) -> None:
    if not reviews:
        return
    rubric = reviews[0].submission.assessment.rubric
    assert rubric
    create_all(
        PeerReviewScore(
            review=review,
            criterion=criterion,
            points=criterion.max_points * 7 / 10,
            maximum=criterion.max_points,
        )
        for criterion in rubric.criteria.all()
        for review in reviews
    )


def _quiz(course: Course) -> None:
    quiz = _assessment(course, "CMA01", "Quiz on the groundwork", _due(course, TASKS[0]))
    questions = create_all(
        Question(assessment=quiz, position=place, text=text, correct_answer=answer, points=50)
        for place, (text, answer) in enumerate(QUESTIONS, 1)
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
            score=50,
            maximum=50,
        )
        for submission in answered
        for question in questions
    )
