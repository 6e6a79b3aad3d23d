"""Kills workers in the middle of what they do, and looks at what they leave."""

import random
import subprocess
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs.cleanup import STARTS_WITHIN
from backoffice.bulk.jobs.tasks import LOST_AFTER, queue_apply, queue_undo, recover_lost
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.undo.undo import undo
from tests.bulk.jobs.test_interrupted import wait_until_the_server_notices
from tests.bulk.working import start_worker, wait_until

ROWS = 10_000
MakeBatch = Callable[[int], Batch]
dice = random.Random()


def term_maker(upload: Any, rows: int = ROWS) -> MakeBatch:
    """Makes the batch of one term: the same people in a course of that term."""
    course = Course.objects.create(code="BIO101", presentation="T", slug="bio")
    User.objects.bulk_create(
        User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(rows)
    )

    def make(term: int) -> Batch:
        Enrollment.objects.all().delete()
        Course.objects.filter(pk=course.pk).update(presentation=f"T{term}")
        lines = "".join(f"s{n:06},BIO101,T{term}\n" for n in range(rows))
        return upload("enrollments", "student_id,course_code,presentation\n" + lines)

    return make


def state_of(batch: Batch) -> str:
    """The state as it is stored now."""
    return Batch.objects.values_list("state", flat=True).get(pk=batch.pk)


def recover_now() -> None:
    """As the next worker does a moment later."""
    long_ago = timezone.now() - max(STARTS_WITHIN, LOST_AFTER)
    BatchRun.objects.filter(batch__state__in=("ordered", "applying")).update(touched_at=long_ago)
    DBTaskResult.objects.filter(status="RUNNING").update(started_at=long_ago - LOST_AFTER)
    recover_lost()


def kill_in_the_middle(batch: Batch, pause: float) -> str:
    """Kill the worker so long after it began, unless it was done before; the state it left."""
    worker = start_worker("--max-tasks", "1")
    wait_until(lambda: state_of(batch) != "ordered", "the worker to begin", 0.005)
    try:
        worker.wait(pause)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
    wait_until_the_server_notices()
    left = state_of(batch)
    recover_now()
    return left


def seconds_of_an_apply(batch: Batch, actor: User) -> float:
    """How long the batch takes to be applied."""
    read = batch.run.seconds
    return apply(batch, batch.digest, actor).run.seconds - read


def kill_applies(kills: int, make: MakeBatch, actor: User) -> int:
    """Kill until so many applies were hit in the middle; the number of all kills.

    Each leaves all rows with their history, or none.
    """
    lasts = seconds_of_an_apply(make(0), actor)
    states: list[str] = []
    while states.count("applying") < kills and len(states) < 3 * kills:
        batch = make(len(states) + 1)
        before = Enrollment.history.count()
        assert queue_apply(batch, batch.digest, actor) is False
        states.append(kill_in_the_middle(batch, dice.uniform(0, lasts)))
        rows = (Enrollment.objects.count(), Enrollment.history.count() - before)
        assert (state_of(batch), rows) in (("applied", (ROWS, ROWS)), ("failed", (0, 0)))
    assert states.count("applying") == kills
    return len(states)


def kill_undos(kills: int, make: MakeBatch, actor: User) -> int:
    """The same with undos of an applied batch."""
    batch = make(0)
    apply(batch, batch.digest, actor)
    made = undo(batch, actor)
    undo(made, actor)
    states: list[str] = []
    while states.count("applying") < kills and len(states) < 3 * kills:
        before = Enrollment.history.count()
        ordered = queue_undo(batch, actor, "Wrong term")
        states.append(kill_in_the_middle(ordered, dice.uniform(0, made.run.seconds)))
        rows = (Enrollment.objects.count(), Enrollment.history.count() - before)
        assert (state_of(ordered), rows) in (("applied", (0, ROWS)), ("failed", (ROWS, 0)))
        if rows[0] == 0:
            undo(ordered, actor)
    assert states.count("applying") == kills
    return len(states)
