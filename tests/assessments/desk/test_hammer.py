"""Many people save one grade at once: what is accepted is a version, and nothing is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from backoffice.apps.assessments.models import AssessmentSubmission, CriterionScore
from backoffice.apps.users.models import Enrollment, User
from tests.assessments.desk.desk import Desk
from tests.assessments.desk.writers import (
    STALE,
    Hammer,
    Session,
    at_the_desk,
    by_file,
    in_the_dialog,
    in_the_form,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's test database is in memory"),
]
WRITERS, SAVES = 16, 200
HEADER = "student_id,assessment_id,course_code,presentation,score,submitted_on"


@pytest.fixture
def graders(course: Any, instructor: User, person: Callable[..., User]) -> list[User]:
    """The instructor and fifteen assistants."""
    helpers = [person("instructor", f"assistant{number}") for number in range(1, WRITERS)]
    for helper in helpers:
        Enrollment.objects.create(course=course, student=helper, role="teaching_assistant")
    return [instructor, *helpers]


@pytest.fixture
def sessions(live_server: Any, graders: list[User]) -> Iterator[list[Session]]:
    """All of them signed in."""
    opened = [Session(live_server.url, grader) for grader in graders]
    yield opened
    for session in opened:
        session.close()


def scores(count: int) -> list[str]:
    """As many different scores, with two decimals."""
    return [f"{10 + number / 10:.2f}" for number in range(count)]


def assert_nothing_is_lost(hammer: Hammer, before: AssessmentSubmission, attempts: int) -> None:
    """Accepted saves are the versions and the rows of the history, one for one, in their order."""
    work = AssessmentSubmission.objects.get(pk=before.pk)
    assert hammer.failures == []
    assert len(hammer.attempts) == attempts
    assert hammer.others <= {STALE}
    accepted = [each.score for each in hammer.accepted]
    versions = hammer.versions()[1:]
    assert len(accepted) == work.version - before.version == len(versions)
    assert [number for number, _score in versions] == list(
        range(before.version + 1, work.version + 1)
    )
    assert sorted(accepted) == sorted(score for _number, score in versions)
    assert str(work.score) == versions[-1][1]
    # A file has no feedback: that of the save before it stays.
    with_feedback = {each.score for each in hammer.accepted if each.has_feedback}
    said = [score for _number, score in versions if score in with_feedback]
    assert work.feedback == f"By {said[-1]}"


def test_two_hundred_saves_of_one_grade_by_sixteen_people(desk: Desk, sessions, works, rubric):
    work, hammer = works[0], Hammer(works[0])
    criterion = rubric.criteria.first()
    levels = [level.pk for level in criterion.levels.all()]
    writers = [
        at_the_desk(
            session,
            desk.address(work),
            **{
                f"criterion-{criterion.pk}-level": levels[number % 2],
                f"criterion-{criterion.pk}-comment": "By {}",
            },
        )
        for number, session in enumerate(sessions)
    ]
    hammer.run(writers, scores(SAVES))
    assert_nothing_is_lost(hammer, work, SAVES)
    # Each version has one save that started from the one before it, and has its score.
    by_start = {each.start: each.score for each in hammer.accepted}
    assert hammer.versions()[1:] == [
        (start + 1, score) for start, score in sorted(by_start.items())
    ]
    # The grade is one thing: its parts are all of the last one accepted.
    work.refresh_from_db()
    said = (work.feedback, CriterionScore.objects.get(submission=work).comment)
    assert said == (f"By {work.score}", f"By {work.score}")
    assert hammer.others == {STALE}, "They never met."


def test_desk_form_dialog_and_file_at_once(desk: Desk, sessions, works, registrar):
    work, hammer = works[0], Hammer(works[0])
    form = reverse("admin:assessments_assessmentsubmission_change", args=[work.pk])
    row = f"{work.student.student_id},TMA01,BIO101,2026J,{{}},2026-03-01"
    writers = [
        *(at_the_desk(each, desk.address(work)) for each in sessions[:6]),
        *(in_the_form(each, form) for each in sessions[6:9]),
        *(in_the_dialog(each, work) for each in sessions[9:12]),
        *(by_file(registrar, HEADER, row) for _ in range(2)),
    ]
    saves = 6 * len(writers)
    hammer.run(writers, scores(saves))
    assert_nothing_is_lost(hammer, work, saves)
    assert hammer.others == {STALE}, "They never met."
