"""The school that the bad files speak of: every rule a file can break has a row to break it on."""

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User

BIO = {"code": "BIO101", "presentation": "2026J", "slug": "bio101-2026j", "title": "Biology"}
SUMMER = {"starts_on": "2026-02-01", "ends_on": "2026-06-30"}


def build() -> None:
    """Put the school in."""
    bio = Course.objects.create(**BIO, **SUMMER)
    art = Course.objects.create(code="ART200", presentation="2026B", slug="art200-2026b")
    # Two courses that one text may mean.
    Course.objects.create(code="A-B", presentation="C", slug="a-b-c")
    Course.objects.create(code="A", presentation="B-C", slug="a-b-c-2")
    zoe = _student("s1001", first_name="Zoë", last_name="O'Moore", email="zoe@example.org")
    wei = _student("s1002", email="wei@example.org")
    User.objects.create_user("m.garcia", role="instructor", is_staff=True, email="g@example.org")
    User.objects.create_user("clerk", role="registrar", is_staff=True)
    for student in (zoe, wei):
        Enrollment.objects.create(student=student, course=bio, enrolled_on="2026-02-03")
    _student("s1003")
    _assessments(bio, art, zoe)


def _student(student_id: str, **fields: str) -> User:
    values = {"username": student_id, "student_id": student_id, "password": "!"} | fields
    return User.objects.create(role=User.Role.STUDENT, is_staff=False, **values)


def _assessments(bio: Course, art: Course, zoe: User) -> None:
    Assessment.objects.create(course=bio, code="ESSAY", max_score=100)
    for course in (bio, art):
        Assessment.objects.create(course=course, code="EXAM")
    final = Assessment.objects.create(course=bio, code="FINAL")
    _work(final, zoe, 1, 40, status="finalized")
    for method in ("highest", "average"):
        several = Assessment.objects.create(
            course=bio, code=method.upper(), grading_method=method, max_attempts=2
        )
        _work(several, zoe, 1, 60)
        _work(several, zoe, 2, 80)


def _work(assessment: Assessment, student: User, attempt: int, score: int, **more: str) -> None:
    AssessmentSubmission.objects.create(
        assessment=assessment,
        student=student,
        attempt=attempt,
        score=score,
        **{"status": "graded"} | more,
    )
