"""Whatever is edited, versioned and moved: each given grade is explained by what it names."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.grading.marked_work import marked_work, work_to_mark
from backoffice.apps.assessments.grading.writing import GradeInput, MarkInput, write_grade
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricMove,
)
from backoffice.apps.assessments.rubrics.move_writing import MovedSince, undo_move
from backoffice.apps.assessments.rubrics.versions import new_version
from tests.assessments.moved_work import marked, move, rubric_with

pytestmark = pytest.mark.django_db
STEPS = ("mark", "override", "final", "edit", "retitle", "version", "remove", "move", "undo")
PLANS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), min_size=3, max_size=9)
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SMALL = {"Argument": {"Strong": 60, "Weak": 10}, "Sources": {"Strong": 40, "Weak": 0}}


class Term:
    """An assessment, its work and its rubrics, with a step for each thing that happens."""

    def __init__(self, paper: Assessment, works: list[AssessmentSubmission], teacher: Any) -> None:
        self.paper, self.works, self.teacher = paper, works, teacher

    @property
    def newest(self) -> GradingRubric:
        return GradingRubric.objects.filter(course=self.paper.course).order_by("-version")[0]

    def work(self, number: int) -> Any:
        return work_to_mark().get(pk=self.works[number % len(self.works)].pk)

    def mark(self, number: int) -> None:
        work = marked_work(self.work(number))
        if work.submission.status == "finalized":
            return
        marks = {}
        for place, criterion in enumerate(work.criteria):
            levels = list(criterion.levels.all())
            marks[criterion.pk] = MarkInput(level=levels[(number + place) % len(levels)].pk)
        reason = work.submission.override_reason or "As before."
        inputs = GradeInput(work.version, override_reason=reason, criteria=marks)
        write_grade(work.submission.pk, inputs, self.teacher)

    def override(self, number: int) -> None:
        work = marked_work(self.work(number))
        if work.submission.status != "finalized":
            inputs = GradeInput(work.version, score=Decimal(number), override_reason="A kind day.")
            write_grade(work.submission.pk, inputs, self.teacher)

    def final(self, number: int) -> None:
        work = self.work(number)
        if work.score is not None:
            work.status = "finalized"
            work.save()

    def edit(self, number: int) -> None:
        """An edit of a level: in place, or refused because the rubric is used."""
        rubric = self.newest
        if not rubric.is_used:
            level = rubric.criteria.order_by("position")[0].levels.order_by("-points")[0]
            level.points = Decimal(60 - number)
            level.save()

    def retitle(self, number: int) -> None:
        rubric = self.newest
        if not rubric.is_used:
            criterion: Any = rubric.criteria.order_by("position").last()
            row = criterion if number % 2 else criterion.levels.first()
            row.title = f"New {number}"
            row.save()

    def remove(self, number: int) -> None:
        rubric = self.newest
        if not rubric.is_used and rubric.criteria.count() > 1:
            row = rubric.criteria.order_by("position")[number % 2]
            row.levels.all().delete()
            row.delete()

    def version(self, number: int) -> None:
        new_version(self.newest)

    def move(self, number: int) -> None:
        self.paper.refresh_from_db()
        rubrics = GradingRubric.objects.filter(course=self.paper.course).order_by("-version")
        new = rubrics[number % rubrics.count()]
        if new.pk != self.paper.rubric_id:
            move(self.paper, new, self.teacher)

    def undo(self, number: int) -> None:
        self.paper.refresh_from_db()
        last = RubricMove.objects.filter(undone_at=None).order_by("pk").last()
        if last and last.new_rubric_id == self.paper.rubric_id:
            with suppress(MovedSince):  # a moved grade changed since
                undo_move(last.pk, self.teacher, "It was the wrong version.")

    def check(self) -> None:
        self.paper.refresh_from_db()
        for row in AssessmentSubmission.objects.filter(assessment=self.paper):
            rubric = row.rubric or self.paper.rubric
            marks = list(row.criterion_scores.select_related("criterion", "level"))
            assert {each.criterion.rubric_id for each in marks} <= {rubric.pk}
            assert all(each.level.criterion_id == each.criterion_id for each in marks)
            assert all(each.points == each.level.points for each in marks)
            assert all(each.maximum == each.criterion.max_points for each in marks)
            if marks:
                assert row.computed_score == recomputed(row, rubric, marks)
            is_explained = row.computed_score in (None, row.score) or row.override_reason
            assert row.score is None or is_explained


def recomputed(row: Any, rubric: Any, marks: list[Any]) -> Fraction | None:
    """The sum of the marks, counted without the code that is judged."""
    if {each.pk for each in rubric.criteria.all()} != {each.criterion_id for each in marks}:
        return None
    whole = sum(
        (-1 if each.criterion.is_deduction else 1) * Fraction(str(each.points)) for each in marks
    )
    return max(Fraction(0), min(Fraction(str(row.maximum)), Fraction(whole)))


@given(steps=PLANS)
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_grade_is_explained_by_the_version_it_names(
    course: Any, instructor: Any, student: Any, steps: list[tuple[str, int]]
):
    with transaction.atomic():
        rubric = rubric_with(course, SMALL)
        paper = Assessment.objects.create(course=course, code="E1", title="Essay", rubric=rubric)
        works = [
            marked(paper, student(f"s{n}"), instructor, Argument="Strong", Sources=sources)
            for n, sources in enumerate(("Strong", "Weak"))
        ]
        term = Term(paper, works, instructor)
        for name, number in steps:
            getattr(term, name)(number)
            term.check()
        transaction.set_rollback(True)
