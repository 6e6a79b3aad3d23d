"""Rows that break a rule which came later are named by the migration, and stay as they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from backoffice.admin_site.models import triggers
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    PeerReview,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.install import audited_models, install, remove_from_sqlite
from backoffice.audit.record.postgres_triggers import function_of
from backoffice.audit.record.recording import recording
from tests.filling import errors_of, save

BEFORE = [("assessments", "0001_initial"), ("courses", "0002_initial")]
NAME = "submission_graded_has_score"
DUE = datetime(2026, 3, 1, tzinfo=UTC)


def migrate(*targets: tuple[str, str]) -> Any:
    """The models as they stand then."""
    executor = MigrationExecutor(connection)
    remove_record()
    wanted = list(targets) or executor.loader.graph.leaf_nodes()
    executor.migrate(wanted)
    if not targets:
        install()
    triggers.install()
    return executor.loader.project_state(wanted).apps


def remove_record() -> None:
    """Without the triggers of the record, which know the columns of today."""
    remove_from_sqlite()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for model in audited_models():
                cursor.execute(f"DROP FUNCTION IF EXISTS {function_of(model)}() CASCADE")


@pytest.fixture
def old_rows(transactional_db: None, courses: Any, student: Any, instructor: Any) -> Any:
    """Work that is final without a score, a graded assistant, a reviewer of nowhere, a crowd."""
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(enrollment_limit=1, instructor=instructor)
    people = [student(f"s100{number}").pk for number in (1, 2, 3, 9)]
    for one, role in zip(people, ("student", "teaching_assistant", "student"), strict=False):
        Enrollment.objects.create(student_id=one, course=course, role=role)
    old = migrate(*BEFORE)
    add_old_work(old, course.pk, people)
    return AssessmentSubmission.objects.only("pk").get(status="finalized").pk


def add_old_work(old: Any, course: int, people: list[int]) -> None:
    """Rows of which each breaks a rule that came later."""
    models = {model.__name__: model._base_manager for model in old.get_app_config(
        "assessments").get_models()}  # fmt: skip
    rubric = models["GradingRubric"].create(course_id=course, title="Essay")
    criterion = models["RubricCriterion"].create(
        rubric=rubric, position=1, title="Sources", max_points=40
    )
    models["RubricLevel"].create(criterion=criterion, title="Sound", points=40, maximum=40)
    paper = models["Assessment"].create(
        course_id=course, code="TMA01", status="published", due_date=DUE, rubric=rubric
    )
    usual = {"assessment": paper, "maximum": 100, "submitted_at": DUE + timedelta(hours=1)}
    work = models["AssessmentSubmission"].create(student_id=people[0], status="finalized", **usual)
    graded = {"student_id": people[1], "status": "graded", "score": 5}
    other = models["AssessmentSubmission"].create(**usual, **graded)
    models["CriterionScore"].create(
        submission=other, criterion=criterion, points="17.35", maximum=40
    )
    review = models["PeerReview"].create(
        submission=work, reviewer_id=people[3], author_id=people[0], status="submitted"
    )
    elsewhere = models["GradingRubric"].create(course_id=course, title="Talk")
    foreign = models["RubricCriterion"].create(
        rubric=elsewhere, position=1, title="Voice", max_points=5
    )
    models["PeerReviewScore"].create(review=review, criterion=foreign, points=4, maximum=5)


@pytest.mark.django_db(transaction=True)
def test_the_migration_names_them_and_changes_nothing(old_rows: int, capsys: Any):
    capsys.readouterr()
    migrate()
    printed = capsys.readouterr().out
    for sentence in (
        f"assessments_submission, graded or final without a score: 1 (id {old_rows}). Nothing",
        "assessments_submission, scores of people who only assist or observe in the course: 1 (id ",
        "assessments_submission, with another score than their criteria give: 1 (id ",
        "assessments_submission, late by their times and not by their mark, or the other way "
        "round: 2 (id ",
        "assessments_criterionscore, points that are no level's: 1 (id ",
        "assessments_peerreview, by somebody who does not take the course: 1 (id ",
        "assessments_peerreview, submitted without points, words or a moment: 1 (id ",
        "assessments_peerreviewscore, points for a criterion of another rubric than the "
        "assessment's: 1 (id ",
        "courses_course, more active students than the enrollment limit: 1 (id ",
    ):
        assert sentence in printed
    assert printed.count("Nothing was changed.") == 9
    row = AssessmentSubmission.objects.get(pk=old_rows)
    assert (row.status, row.score, row.is_late) == ("finalized", None, False)


@pytest.mark.django_db(transaction=True)
def test_such_a_row_is_refused_from_now_on_and_the_old_one_stays(old_rows: int):
    migrate()
    other = AssessmentSubmission.objects.exclude(pk=old_rows).get()
    with pytest.raises(IntegrityError, match=NAME), transaction.atomic():
        AssessmentSubmission.objects.filter(pk=other.pk).update(score=None)


@pytest.mark.django_db(transaction=True)
def test_what_does_not_touch_the_rule_goes_on_with_the_old_row(old_rows: int):
    migrate()
    Assessment.objects.update(max_score=110)
    assert AssessmentSubmission.objects.filter(pk=old_rows).update(text="Taken away.") == 1
    assert CriterionScore.objects.update(comment="Taken away.") == 1
    assert PeerReview.objects.update(feedback="Taken away.") == 1
    row = AssessmentSubmission.objects.get(pk=old_rows)
    assert (row.maximum, row.text, row.score) == (110, "Taken away.", None)


@pytest.mark.django_db(transaction=True)
def test_an_undo_brings_back_what_stood_there_before(old_rows: int):
    migrate()
    rows = AssessmentSubmission.objects.filter(pk=old_rows)
    rows.update(score=50, posted_at="2026-04-01T12:00Z")
    with recording(source=ChangeSet.Source.UNDO), transaction.atomic():
        assert rows.update(score=None) == 1
    with pytest.raises(IntegrityError, match=NAME), transaction.atomic():
        AssessmentSubmission.objects.exclude(pk=old_rows).update(score=None)


@pytest.mark.django_db(transaction=True)
def test_the_form_of_an_old_row_says_what_is_wrong(old_rows: int, instructor_client: Client):
    migrate()
    page = reverse("admin:assessments_assessmentsubmission_change", args=[old_rows])
    answer = save(instructor_client, page, feedback="Fine.", change_reason="A word for the student")
    assert errors_of(answer) == {"score": ["Work that is graded or final has a score. Enter it."]}
    values = {"score": "5", "feedback": "Fine.", "change_reason": "A word for the student"}
    assert save(instructor_client, page, **values).status_code == 302
