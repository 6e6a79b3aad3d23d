"""The assessments of the demo school, what was handed in, and how it was marked."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from backoffice.apps.assessments.demo.essays import FEEDBACK, REVIEWS, essay
from backoffice.apps.assessments.demo.rubric import mark, rubric_of
from backoffice.apps.assessments.demo.term_work import hand_in
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    Question,
    QuestionResponse,
)
from backoffice.apps.courses.demo import running_courses
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.operations.demo import Scale, demo_part, ensure

Status = AssessmentSubmission.Status
HANDED_IN = 6
MARKED = (Status.GRADED, Status.SUBMITTED, Status.GRADED, Status.SUBMITTED, Status.FINALIZED)
# Of the second essay, due three days ago: hours before it was due, negative ones after.
WAITING = (150, 90, 40, 10, -20, -48, -70)
RECENTLY, UPCOMING = timedelta(days=-3), timedelta(days=10)


@demo_part("assessments", order=3)
def assessments(scale: Scale) -> None:
    """Essays and a quiz for each course that has begun, with work handed in; and more of it."""
    for course in running_courses():
        _of_course(course)
    if scale.submissions:
        hand_in(scale)


@transaction.atomic
def _of_course(course: Course) -> None:
    rubric, students = rubric_of(course), _students(course)
    first = _assessment(course, "TMA01", "First essay", rubric=rubric, due_date=_day(course, 30))
    second = _assessment(
        course, "TMA02", "Second essay", rubric=rubric, due_date=timezone.now() + RECENTLY
    )
    _assessment(course, "TMA03", "Third essay", rubric=rubric, due_date=timezone.now() + UPCOMING)
    _assessment(course, "EXAM", "Examination", assessment_type="exam", status="draft", weight=40)
    quiz = _assessment(
        course, "CMA01", "Quiz on the groundwork", assessment_type="CMA", due_date=_day(course, 20)
    )
    _question(quiz)
    if len(students) > len(WAITING):
        _answers(quiz, students[0])
        _marked(first, students[:HANDED_IN], rubric)
        _waiting(second, students)
        _reviews(first, students, rubric)


def _day(course: Course, days: int) -> datetime:
    assert course.starts_on
    return datetime.combine(course.starts_on, time(12), UTC) + timedelta(days=days)


def _students(course: Course) -> list[User]:
    rows = Enrollment.objects.filter(course=course, status=Enrollment.Status.ACTIVE)
    rows = rows.select_related("student").order_by("student_id")
    return [row.student for row in rows[: len(WAITING) + 1]]


def _assessment(course: Course, code: str, title: str, **values: Any) -> Assessment:
    usual = {"assessment_type": "TMA", "status": Assessment.Status.PUBLISHED, "weight": 20}
    return ensure(
        Assessment,
        {"course": course, "code": code},
        title=title,
        allow_late_submission=True,
        **usual | values,
    )


def _question(quiz: Assessment) -> None:
    ensure(
        Question,
        {"assessment": quiz, "position": 1},
        text="Which of these towns lies furthest north?",
        question_type=Question.Kind.SINGLE_CHOICE,
        options=["Lübeck", "Turku", "Gdańsk"],
        correct_answer="Turku",
        points=10,
    )


def _answers(quiz: Assessment, student: User) -> None:
    submission = _submission(quiz, student, Status.GRADED, hours=5, number=0)
    question = quiz.questions.get(position=1)
    key = {"submission": submission, "question": question}
    ensure(QuestionResponse, key, answer="Turku", score=10)


def _marked(essays: Assessment, students: list[User], rubric: GradingRubric) -> None:
    """The first essay: some marked, one final, some forgotten, one late."""
    for number, student in enumerate(students):
        status = MARKED[number % len(MARKED)]
        hours = -26 if number == 1 else number * 5
        submission = _submission(essays, student, status, hours=hours, number=number)
        is_marked = status != Status.SUBMITTED
        if is_marked and not submission.criterion_scores.exists():
            mark([submission], rubric)


def _waiting(essays: Assessment, students: list[User]) -> None:
    """The second essay: all wait for their marks, some longer, some late; one is being written."""
    for number, hours in enumerate(WAITING):
        _submission(essays, students[number], Status.SUBMITTED, hours=hours, number=10 + number)
    assert essays.due_date
    ensure(
        AssessmentSubmission,
        {"assessment": essays, "student": students[len(WAITING)], "attempt": 1},
        text=essay(30),
        status=Status.IN_PROGRESS,
        started_at=essays.due_date - timedelta(hours=8),
    )


def _submission(
    assessment: Assessment, student: User, status: Status, *, hours: int, number: int
) -> AssessmentSubmission:
    due = assessment.due_date
    assert due
    marks = {
        "score": 70 + number,
        "grader": assessment.course.instructor,
        "graded_at": due + timedelta(days=7),
        "feedback": FEEDBACK[number % len(FEEDBACK)],
    }
    return ensure(
        AssessmentSubmission,
        {"assessment": assessment, "student": student, "attempt": 1},
        text=essay(number),
        status=status,
        submitted_at=due - timedelta(hours=hours),
        is_late=hours < 0,
        **marks if status in (Status.GRADED, Status.FINALIZED) else {},
    )


def _reviews(essays: Assessment, students: list[User], rubric: GradingRubric) -> None:
    """Of the oldest submissions: one review is in, one is expected, one is overdue."""
    first, second, third = essays.submissions.order_by("id")[:3]
    now, status = timezone.now(), PeerReview.Status
    done = _review(
        first, students[1], status=status.SUBMITTED, feedback=REVIEWS[0], submitted_at=now
    )
    criterion = rubric.criteria.order_by("position").first()
    ensure(PeerReviewScore, {"review": done, "criterion": criterion}, points=30)
    _review(second, students[2], due_date=now + timedelta(days=5))
    _review(third, students[3], due_date=now - timedelta(days=2))


def _review(submission: AssessmentSubmission, reviewer: User, **values: Any) -> PeerReview:
    return ensure(PeerReview, {"submission": submission, "reviewer": reviewer}, **values)
