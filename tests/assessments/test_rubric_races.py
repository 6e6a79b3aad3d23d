"""The first mark by a rubric and an edit of it at once: never do both change one version."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.admin import rubric_grid
from backoffice.apps.assessments.grading.marked_work import marked_work, work_to_mark
from backoffice.apps.assessments.grading.marks_input import MarkInput
from backoffice.apps.assessments.grading.writing import GradeInput, StaleGrade, write_grade
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
)
from backoffice.apps.users.models import Enrollment, User
from tests.assessments.rubric_grids import opened_form, send
from tests.filling import fields_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time"),
]
PAUSE = 0.7  # seconds: by then the other one waits


@pytest.fixture
def waiting(essay: GradingRubric, student: Any) -> AssessmentSubmission:
    """Work to be marked by a rubric that marked nothing yet."""
    author = student("s1001")
    Enrollment.objects.create(course=essay.course, student=author)
    task = Assessment.objects.create(course=essay.course, code="TMA01", title="E", rubric=essay)
    return AssessmentSubmission.objects.create(assessment=task, student=author, text="So.")


def given(work: AssessmentSubmission) -> GradeInput:
    """The best level of each criterion, as the desk was opened now."""
    opened = marked_work(work_to_mark().get(pk=work.pk))
    marks = {each.pk: MarkInput(level=each.levels.latest("points").pk) for each in opened.criteria}
    return GradeInput(version=opened.version, criteria=marks)


def by_desk(work: AssessmentSubmission, grader: User) -> Callable[[], str]:
    grade = given(work)

    def mark() -> str:
        try:
            write_grade(work.pk, grade, grader)
        except StaleGrade:
            return "stale"
        return "marked"

    return mark


def by_mark(work: AssessmentSubmission) -> Callable[[], str]:
    criterion = RubricCriterion.objects.get(position=1)
    level = criterion.levels.latest("points")

    def mark() -> str:
        CriterionScore.objects.create(
            submission=work, criterion=criterion, level=level, points=level.points
        )
        return "marked"

    return mark


def held(mark: Callable[[], str], begun: threading.Event) -> Callable[[], str]:
    """The mark in a transaction that stays open for a while."""

    def run() -> str:
        with transaction.atomic():
            outcome = mark()
            begun.set()
            time.sleep(PAUSE)
        return outcome

    return run


def race(first: Callable[[], Any], second: Callable[[], Any], begun: threading.Event) -> list[Any]:
    """What comes of both; the second begins once the first has."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            if job is second:
                assert begun.wait(30)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        return list(threads.map(run, (first, second)))


def titles() -> list[tuple[int, str]]:
    rows = RubricCriterion.objects.filter(position=1).order_by("rubric__version")
    return list(rows.values_list("rubric__version", "title"))


@pytest.mark.parametrize("way", ["desk", "mark"])
def test_a_grid_waits_for_the_first_mark_and_makes_a_version(
    way: str, essay, waiting, instructor, instructor_client
):
    form = opened_form(instructor_client, essay)
    mark = by_desk(waiting, instructor) if way == "desk" else by_mark(waiting)
    begun, changed = threading.Event(), form | {"criterion-0-title": "Reasoning"}
    outcome, answer = race(
        held(mark, begun), lambda: send(instructor_client, essay, changed), begun
    )
    assert (outcome, answer.status_code) == ("marked", 302)
    assert titles() == [(1, "Argument"), (2, "Reasoning")]
    assert set(CriterionScore.objects.values_list("criterion__rubric", flat=True)) == {essay.pk}


def test_a_first_mark_waits_for_the_grid_and_is_told(
    essay, waiting, instructor, instructor_client, monkeypatch
):
    begun, real = threading.Event(), rubric_grid.save_grid

    def slowly(*args: Any) -> Any:
        version = real(*args)
        begun.set()
        time.sleep(PAUSE)
        return version

    monkeypatch.setattr(rubric_grid, "save_grid", slowly)
    changed = opened_form(instructor_client, essay) | {"criterion-0-title": "Reasoning"}
    answer, outcome = race(
        lambda: send(instructor_client, essay, changed), by_desk(waiting, instructor), begun
    )
    assert (answer.status_code, outcome) == (302, "stale")
    assert titles() == [(1, "Reasoning")]
    assert not CriterionScore.objects.exists()


@pytest.mark.parametrize("page", ["rubric", "criterion", "level"])
def test_no_form_changes_a_rubric_whose_first_mark_is_being_stored(
    page: str, essay, waiting, instructor, instructor_client: Client
):
    criterion = RubricCriterion.objects.get(position=1)
    rows = {"rubric": essay, "criterion": criterion, "level": criterion.levels.latest("points")}
    row = rows[page]
    address = reverse(f"admin:assessments_{row._meta.model_name}_change", args=[row.pk])
    form = fields_of(instructor_client, address) | {"title": "Other"}
    begun = threading.Event()
    outcome, answer = race(
        held(by_desk(waiting, instructor), begun),
        lambda: instructor_client.post(address, form),
        begun,
    )
    assert (outcome, answer.status_code) == ("marked", 302)
    stored = type(row)._base_manager.get(pk=row.pk)
    assert stored.title == row.title
