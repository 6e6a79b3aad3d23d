"""Posting 10,000 grades with their history, over a save() loop: `make bench-grading`.

Each on a PostgreSQL of its own, in one run: ratios, because others work on the machine as well. The
loop is the quickest there is: one transaction, one change set, no page and no check of versions.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable

import django

from backoffice.operations.server_guard import start_throwaway

os.environ["DATABASE_URL"] = start_throwaway("benchmarks")
os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="backoffice-benchmarks-")
os.environ["DJANGO_ENV"] = "test"  # as production does: no record of every statement
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  Django must be set up first
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from backoffice.apps.assessments.grading.posting_plan import PostingPlan  # noqa: E402
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission  # noqa: E402
from backoffice.apps.courses.models import Course  # noqa: E402
from backoffice.apps.users.models import Enrollment, User  # noqa: E402
from backoffice.audit.models import ChangeSet  # noqa: E402
from backoffice.audit.record.recording import recording  # noqa: E402
from benchmarks.measuring import Cost, machine, measured  # noqa: E402

ROWS, LEAST = 10_000, 25
TEXT = "What a student wrote, a line of it. " * 50
LIST = "admin:assessments_assessmentsubmission_changelist"


def build() -> tuple[Assessment, Client]:
    """A course with so many graded works of one assessment, and its instructor, logged in."""
    teacher = User.objects.create(username="teacher", role="instructor", is_staff=True)
    course = Course.objects.create(
        code="B001", presentation="2026J", title="Benchmark", slug="b001", instructor=teacher
    )
    people = User.objects.bulk_create(
        User(username=f"s{number}", student_id=f"s{number}", password="!", role="student")
        for number in range(ROWS)
    )
    Enrollment.objects.bulk_create(Enrollment(course=course, student=each) for each in people)
    essay = Assessment.objects.create(course=course, code="TMA01", title="Essay")
    now = timezone.now()
    grade = {"score": 71, "status": "graded", "grader": teacher, "graded_at": now}
    AssessmentSubmission.objects.bulk_create(
        AssessmentSubmission(assessment=essay, student=each, text=TEXT, maximum=100, **grade)
        for each in people
    )
    client = Client()
    client.force_login(teacher)
    return essay, client


def as_before() -> None:
    """Nothing is posted, and the tables are counted, as autovacuum does."""
    AssessmentSubmission.objects.update(posted_at=None, status="graded")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def by_saves(_essay: Assessment, _client: Client) -> None:
    """The loop that the actions are compared with."""
    now = timezone.now()
    with recording(source=ChangeSet.Source.JOB), transaction.atomic():
        for row in AssessmentSubmission.objects.select_related("assessment"):
            row.posted_at = now
            row.save()


def by_list(action: str) -> Callable[[Assessment, Client], None]:
    """The action with all rows of the list, from the confirmed page on."""

    def run(_essay: Assessment, client: Client) -> None:
        assert client.post(reverse(LIST), _SENT[action]).status_code == 302

    return run


_SENT: dict[str, dict[str, str]] = {}


def confirm(action: str, client: Client) -> None:
    """Open the page that asks, as somebody does before."""
    first = str(AssessmentSubmission.objects.order_by("pk").values_list("pk", flat=True)[0])
    chosen = {"action": action, "select_across": "1", "_selected_action": first}
    form = client.post(reverse(LIST), chosen).context_data["form"]  # type: ignore[attr-defined]
    _SENT[action] = chosen | {"_deed": "1", "_versions": form.sent_versions}


def by_page(essay: Assessment, client: Client) -> None:
    """All of the assessment, on the page of posting."""
    address = reverse("admin:assessments_assessment_posting", args=[essay.pk])
    sent = {"what": "all", "seen": PostingPlan.of(essay).seen}
    assert client.post(address, sent).status_code == 302


def cost_of(run: Callable[[Assessment, Client], None], essay: Assessment, client: Client) -> Cost:
    """What a way costs, which posts all of the work with a history row each."""
    before = AssessmentSubmission.history.count()
    with measured() as cost:
        run(essay, client)
    assert AssessmentSubmission.objects.posted().count() == ROWS
    assert AssessmentSubmission.history.count() == before + ROWS
    return cost


def main() -> int:
    """Measure the ways; 1 where one is not so many times faster than the loop."""
    print(machine())
    call_command("migrate", verbosity=0)
    essay, client = build()
    as_before()
    floor = cost_of(by_saves, essay, client)
    print(f"save() loop over {ROWS:,}: {floor.wall:.1f} s, {floor.statements:,} statements")
    is_fast = True
    for what, action, run in (
        ("Post, on the list", "post", by_list("post")),
        ("Make final, on the list", "finalize", by_list("finalize")),
        ("Post all graded, on the page", "", by_page),
    ):
        as_before()
        if action:
            confirm(action, client)
        cost = cost_of(run, essay, client)
        ratio = floor.wall / cost.wall
        is_fast = is_fast and ratio >= LEAST
        print(
            f"{what}: {cost.wall:.2f} s, {cost.statements} statements: {ratio:.0f} times faster "
            f"(at least {LEAST}){'' if ratio >= LEAST else ' MISSED'}",
            flush=True,
        )
    shutil.rmtree(os.environ["PRIVATE_ROOT"])
    return 0 if is_fast else 1


if __name__ == "__main__":
    sys.exit(main())
