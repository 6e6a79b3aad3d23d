"""The assessments of the demo school, what was handed in, and how it was marked."""

from datetime import UTC, datetime, time, timedelta

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    PeerReview,
    PeerReviewScore,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.operations.demo import demo_part, ensure

CRITERIA = (("Argument", 40), ("Sources", 30), ("Language", 30))
LEVELS = (("Convincing", 1.0), ("Sound", 0.7), ("Thin", 0.4), ("Missing", 0.0))
TEXTS = (
    "The herring moved, and with it the towns that lived on it. I compare three harbours.",
    "My sources disagree on the year. I follow the port's own ledger, and say why.",
    "Coral is an animal that keeps a garden. This essay is about who waters it.",
)
HANDED_IN = 6


@demo_part("assessments", order=3)
def assessments() -> None:
    """A rubric, an essay and a quiz for each course that has begun, with work handed in."""
    for course in Course.objects.filter(presentation="2026J"):
        rubric = _rubric(course)
        essay = _assessment(course, "TMA01", "First essay", "TMA", 30, rubric)
        _quiz(_assessment(course, "CMA01", "Quiz on the groundwork", "CMA", 20, None))
        _submissions(essay, rubric)


def _rubric(course: Course) -> GradingRubric:
    rubric = ensure(GradingRubric, {"course": course, "title": "Essay", "version": 1})
    for position, (title, points) in enumerate(CRITERIA, 1):
        criterion = ensure(
            RubricCriterion,
            {"rubric": rubric, "position": position},
            title=title,
            max_points=points,
        )
        for level, share in LEVELS:
            ensure(
                RubricLevel,
                {"criterion": criterion, "title": level},
                points=round(points * share, 2),
            )
    return rubric


def _assessment(
    course: Course, code: str, title: str, kind: str, days: int, rubric: GradingRubric | None
) -> Assessment:
    assert course.starts_on
    start = datetime.combine(course.starts_on, time(12), UTC)
    return ensure(
        Assessment,
        {"course": course, "code": code},
        title=title,
        assessment_type=kind,
        status=Assessment.Status.PUBLISHED,
        weight=20,
        rubric=rubric,
        due_date=start + timedelta(days=days),
    )


def _quiz(quiz: Assessment) -> None:
    ensure(
        Question,
        {"assessment": quiz, "position": 1},
        text="Which of these towns lies furthest north?",
        question_type=Question.Kind.SINGLE_CHOICE,
        options=["Lübeck", "Turku", "Gdańsk"],
        correct_answer="Turku",
        points=10,
    )
    student = _students(quiz.course)[0]
    submission = _submission(quiz, student, 0, TEXTS[0])
    ensure(
        QuestionResponse,
        {"submission": submission, "question": quiz.questions.get(position=1)},
        answer="Turku",
        score=10,
    )


def _students(course: Course) -> list[User]:
    rows = Enrollment.objects.filter(course=course, status=Enrollment.Status.ACTIVE)
    return [
        row.student for row in rows.select_related("student").order_by("student_id")[:HANDED_IN]
    ]


def _submissions(essay: Assessment, rubric: GradingRubric) -> None:
    students = _students(essay.course)
    for number, student in enumerate(students):
        submission = _submission(essay, student, number, TEXTS[number % len(TEXTS)])
        if submission.status == AssessmentSubmission.Status.GRADED:
            _mark(submission, rubric)
    first = essay.submissions.order_by("id").first()
    assert first
    review = ensure(
        PeerReview,
        {"submission": first, "reviewer": students[1]},
        feedback="Clear from the first line. The second table needs a source.",
    )
    criterion = rubric.criteria.order_by("position").first()
    ensure(PeerReviewScore, {"review": review, "criterion": criterion}, points=30)


def _submission(
    assessment: Assessment, student: User, number: int, text: str
) -> AssessmentSubmission:
    due = assessment.due_date
    assert due
    is_graded = number % 2 == 0
    status = AssessmentSubmission.Status
    return ensure(
        AssessmentSubmission,
        {"assessment": assessment, "student": student, "attempt": 1},
        text=text,
        status=status.GRADED if is_graded else status.SUBMITTED,
        score=70 + number if is_graded else None,
        grader=assessment.course.instructor if is_graded else None,
        graded_at=due + timedelta(days=7) if is_graded else None,
        submitted_at=due - timedelta(hours=number * 5),
        feedback="A good beginning; look at the margin notes." if is_graded else "",
    )


def _mark(submission: AssessmentSubmission, rubric: GradingRubric) -> None:
    for criterion in rubric.criteria.all():
        level = criterion.levels.get(title="Sound")
        ensure(
            CriterionScore,
            {"submission": submission, "criterion": criterion},
            level=level,
            points=level.points,
        )
