"""The school in which Amina walks: what takes two people there, and the files that do."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Approval
from backoffice.bulk.models import Batch

HEADER = "student_id,course_code,presentation\n"
GRADES = "student_id,assessment_id,course_code,presentation,score\n"
RUBRIC = (
    "Rubric Name,Criteria Name,Criteria Description,Criteria Enable Range,Rating Name,"
    "Rating Description,Rating Points\n"
)
CRITERIA = 25
Decisions = set[tuple[str, int]]


def make_school(lines: list[str]) -> DirectMessage:
    """Ingrid's course with students, a final grade and a rubric; and a message to read."""
    teacher = User.objects.get(username="ingrid")
    course = Course.objects.create(
        code="BIO101", presentation="2026J", slug="bio", title="Biology", instructor=teacher
    )
    for line in lines:
        student_id = line.split(",", maxsplit=1)[0]
        values = {"username": student_id, "student_id": student_id, "password": "!"}
        one = User.objects.create(role="student", **values)
        Enrollment.objects.create(student=one, course=course)
    paper = Assessment.objects.create(course=course, code="TMA01", title="Essay")
    AssessmentSubmission.objects.create(
        assessment=paper,
        student=User.objects.get(student_id="s1001"),
        status="finalized",
        score=50,
        maximum=100,
    )
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    for place in range(CRITERIA):
        criterion = RubricCriterion.objects.create(
            rubric=rubric, position=place + 1, title=f"Criterion {place}", max_points=5
        )
        RubricLevel.objects.create(criterion=criterion, title="Good", points=5)
    rita = User.objects.get(username="rita")
    return DirectMessage.objects.create(sender=teacher, recipient=rita, body="zebra")


def text_of(kind: str, points: int, line: str) -> str:
    """A file that waits for a second person: a short roster, a final grade, a whole rubric."""
    rows = (f"Essay,Criterion {place},,false,Good,,{points}\n" for place in range(CRITERIA))
    return {
        "enrollments": HEADER + line,
        "grades": f"{GRADES}s1001,TMA01,BIO101,2026J,{points}\n",
        "rubrics": RUBRIC + "".join(rows),
    }[kind]


def asked_for() -> Decisions:
    """Requests, and files that wait or were approved."""
    requests = {("request", pk) for pk in Approval.objects.values_list("pk", flat=True)}
    files = Batch.objects.filter(state="held") | Batch.objects.exclude(approved_by=None)
    return requests | {("file", pk) for pk in files.values_list("pk", flat=True)}


def decided() -> Decisions:
    """Requests and files to which somebody agreed."""
    approved = Approval.objects.filter(state="approved").values_list("pk", flat=True)
    agreed = Batch.objects.exclude(approved_by=None).values_list("pk", flat=True)
    return {("request", pk) for pk in approved} | {("file", pk) for pk in agreed}


def run_walk(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Let a machine walk so often and so far."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # to shrink a walk takes longer than to read it
        ),
    )
