"""A worker killed at any moment of an apply leaves all of a batch or nothing.

`make drill-kills` kills until fifty were in the middle, at random moments; the suite only a few.
"""

import os
import random
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs.cleanup import STARTS_WITHIN
from backoffice.bulk.jobs.tasks import queue_apply, queue_undo, recover_lost
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.undo.undo import undo
from tests.bulk.jobs.test_interrupted import wait_until_the_server_notices
from tests.bulk.working import start_worker, wait_until

KILLS = int(os.environ.get("KILLS", "3"))
ROWS = 10_000

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a second process"),
]


def state_of(batch: Batch) -> str:
    return Batch.objects.values_list("state", flat=True).get(pk=batch.pk)


def recover_now() -> None:
    """As the next worker does a moment later."""
    long_ago = timezone.now() - STARTS_WITHIN
    BatchRun.objects.filter(batch__state="applying").update(touched_at=long_ago)
    recover_lost()


def kill_in_the_middle(batch: Batch, pause: float) -> None:
    """Kill the worker so long after it began to apply the batch, unless it was done before."""
    worker = start_worker("--max-tasks", "1")
    wait_until(lambda: state_of(batch) != "ordered", "the worker to begin", 0.005)
    try:
        worker.wait(pause)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


@pytest.fixture
def batch_of_term(upload: Any) -> Callable[[int], Batch]:
    """Makes the batch of one term: the same people in a course of that term."""
    course = Course.objects.create(code="BIO101", presentation="T", slug="bio")
    User.objects.bulk_create(
        User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(ROWS)
    )

    def make(term: int) -> Batch:
        Enrollment.objects.all().delete()
        Course.objects.filter(pk=course.pk).update(presentation=f"T{term}")
        lines = "".join(f"s{n:06},BIO101,T{term}\n" for n in range(ROWS))
        return upload("enrollments", "student_id,course_code,presentation\n" + lines)

    return make


def seconds_of_an_apply(batch: Batch, actor: User) -> float:
    read = batch.run.seconds
    return apply(batch, batch.digest, actor).run.seconds - read


def test_a_killed_worker_leaves_all_or_nothing(batch_of_term, registrar):
    lasts = seconds_of_an_apply(batch_of_term(0), registrar)
    dice, states = random.Random(), []
    while states.count("applying") < KILLS and len(states) < 3 * KILLS:
        batch = batch_of_term(len(states) + 1)
        before = Enrollment.history.count()
        assert queue_apply(batch, batch.digest, registrar) is False
        kill_in_the_middle(batch, dice.uniform(0, lasts))
        wait_until_the_server_notices()
        states.append(state_of(batch))
        recover_now()
        rows = (Enrollment.objects.count(), Enrollment.history.count() - before)
        assert (state_of(batch), rows) in (("applied", (ROWS, ROWS)), ("failed", (0, 0)))
    in_the_middle = states.count("applying")
    print(f"\n{len(states)} kills, {in_the_middle} of them during an apply: 0 half written")
    assert in_the_middle == KILLS


def test_a_worker_killed_during_an_undo_leaves_all_or_nothing(batch_of_term, registrar):
    batch = batch_of_term(0)
    apply(batch, batch.digest, registrar)
    made = undo(batch, registrar)
    undo(made, registrar)
    for _attempt in range(max(1, KILLS // 5)):
        before = Enrollment.history.count()
        ordered = queue_undo(batch, registrar, "Wrong term")
        kill_in_the_middle(ordered, random.Random().uniform(0, made.run.seconds))
        wait_until_the_server_notices()
        recover_now()
        rows = (Enrollment.objects.count(), Enrollment.history.count() - before)
        assert (state_of(ordered), rows) in (("applied", (0, ROWS)), ("failed", (ROWS, 0)))
        if rows[0] == 0:
            undo(ordered, registrar)
