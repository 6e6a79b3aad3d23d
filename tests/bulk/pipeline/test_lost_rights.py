"""Whoever may not bring rows in any more does not take them back either."""

from collections.abc import Callable

import pytest

from backoffice.apps.assessments.models import GradingRubric
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.bulk.jobs import tasks
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, OutcomeChanged, apply
from backoffice.bulk.undo.undo import undo
from tests.bulk.working import work
from tests.rubric_files import ESSAY, stored

OTHERS = (
    "Import {number} wrote into a course into which you may not bring rubrics any more, so nothing "
    "was taken back. Ask whoever teaches it now."
)


@pytest.fixture
def reassign_courses(
    taught: Course, courses: dict[str, Course], instructor: User, registrar: User
) -> Callable[[], None]:
    """Somebody else teaches the course by now, and the instructor another one."""

    def reassign() -> None:
        Course.objects.filter(pk=taught.pk).update(instructor=registrar)
        Course.objects.filter(pk=courses["ART200"].pk).update(instructor=instructor)

    return reassign


def test_rubrics_of_a_course_that_is_another_persons_by_now_stay(
    import_rubrics, reassign_courses, instructor
):
    batch, before = import_rubrics(ESSAY), stored()
    reassign_courses()
    with pytest.raises(NotApplied) as refusal:
        undo(batch, instructor)

    assert str(refusal.value) == OTHERS.format(number=batch.pk)
    assert (stored(), batch.undos.count()) == (before, 0)


def test_the_page_of_the_undo_does_not_show_them(
    import_rubrics, reassign_courses, instructor_client
):
    batch = import_rubrics(ESSAY)
    reassign_courses()
    answer = instructor_client.get(f"/admin/bulk/batch/{batch.pk}/undo/", follow=True)

    assert [str(each) for each in answer.context["messages"]] == [OTHERS.format(number=batch.pk)]
    assert answer.redirect_chain == [(f"/admin/bulk/batch/{batch.pk}/change/", 302)]


def test_what_was_taken_back_does_not_come_back_into_it(
    import_rubrics, reassign_courses, instructor
):
    made = undo(import_rubrics(ESSAY), instructor)
    reassign_courses()
    with pytest.raises(NotApplied):
        undo(made, instructor)

    assert stored() == []


def test_nor_when_the_course_is_lost_between_order_and_work(
    import_rubrics, reassign_courses, instructor, monkeypatch
):
    monkeypatch.setattr(tasks, "AT_ONCE_ROWS", 0)
    batch, before = import_rubrics(ESSAY), stored()
    made = tasks.queue_undo(batch, instructor, "")
    reassign_courses()
    work()
    made.refresh_from_db()

    assert (made.state, made.sentence) == (Batch.State.FAILED, OTHERS.format(number=batch.pk))
    assert stored() == before


@pytest.mark.parametrize("course_cells", [{}, {"Course Code": "BIO101", "Presentation": "2026J"}])
def test_a_preview_of_a_course_that_is_another_persons_by_now_does_not_go_in(
    preview_rubrics, reassign_courses, courses, instructor, course_cells
):
    header, *rows = ESSAY.strip().splitlines()
    lines = [
        ",".join([header, *course_cells]),
        *(",".join([row, *course_cells.values()]) for row in rows),
    ]
    batch = preview_rubrics("\n".join(lines))
    reassign_courses()
    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, instructor)

    assert stored() == []
    if not course_cells:  # the file is for the only course that can be meant by now
        apply(batch, Batch.objects.get(pk=batch.pk).digest, instructor)
        assert {each.course for each in GradingRubric.objects.all()} == {courses["ART200"]}
