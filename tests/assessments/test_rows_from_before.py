"""Rows that break a rule which came later are named by the migration, and stay as they are."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, PeerReview
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from tests.filling import errors_of, save

BEFORE = [("assessments", "0001_initial"), ("courses", "0002_initial")]
NAME = "submission_graded_has_score"


def migrate(*targets: tuple[str, str]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


def constraint() -> list[bool]:
    """Whether the check is there, and whether it holds of all rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = %s", [NAME])
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def old_rows(transactional_db: None, courses: Any, student: Any, instructor: Any) -> Any:
    """Work that is final without a score, a graded assistant, a reviewer of nowhere, a crowd."""
    migrate(*BEFORE)
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(enrollment_limit=1, instructor=instructor)
    people = [student(f"s100{number}") for number in (1, 2, 3)]
    for one, role in zip(people, ("student", "teaching_assistant", "student"), strict=True):
        Enrollment.objects.create(student=one, course=course, role=role)
    paper = Assessment.objects.create(course=course, code="TMA01", status="published")
    work = AssessmentSubmission.objects.create(
        assessment=paper, student=people[0], status="finalized"
    )
    graded = {"student": people[1], "status": "graded", "score": 5}
    AssessmentSubmission.objects.create(assessment=paper, **graded)
    PeerReview.objects.create(submission=work, reviewer=student("s1009"))
    return work


@pytest.mark.django_db(transaction=True)
def test_the_migration_names_them_and_changes_nothing(old_rows: Any, capsys: Any):
    capsys.readouterr()
    migrate()
    printed = capsys.readouterr().out
    for sentence in (
        f"assessments_submission, graded or final without a score: 1 (id {old_rows.pk}). Nothing",
        "assessments_submission, scores of people who only assist or observe in the course: 1 (id ",
        "assessments_peerreview, by somebody who does not take the course: 1 (id ",
        "courses_course, more active students than the enrollment limit: 1 (id ",
    ):
        assert sentence in printed
    assert printed.count("Nothing was changed.") == 4
    old_rows.refresh_from_db()
    assert (old_rows.status, old_rows.score) == ("finalized", None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite leaves the check out until then")
def test_such_a_row_is_refused_from_now_on_and_the_old_one_stays(old_rows: Any):
    migrate()
    assert constraint() == [False]
    other = AssessmentSubmission.objects.exclude(pk=old_rows.pk).get()
    with pytest.raises(IntegrityError, match=NAME), transaction.atomic():
        AssessmentSubmission.objects.filter(pk=other.pk).update(score=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the catalogue is PostgreSQL's")
def test_without_old_rows_the_rule_holds_of_all(transactional_db: None):
    migrate(*BEFORE)
    assert constraint() == []
    migrate()
    assert constraint() == [True]


@pytest.mark.django_db(transaction=True)
def test_the_form_of_an_old_row_says_what_is_wrong(old_rows: Any, instructor_client: Client):
    migrate()
    page = reverse("admin:assessments_assessmentsubmission_change", args=[old_rows.pk])
    answer = save(instructor_client, page, feedback="Fine.", change_reason="A word for the student")
    assert errors_of(answer) == {"score": ["Work that is graded or final has a score. Enter it."]}
    values = {"score": "5", "feedback": "Fine.", "change_reason": "A word for the student"}
    assert save(instructor_client, page, **values).status_code == 302
