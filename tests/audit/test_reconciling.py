"""The tables are what their history says, whatever was done in a day; what passed it is found."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.courses.models import Course, CourseModule
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.record.install import audited_models
from backoffice.audit.record.reconcile import compare
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from tests.forging import unwatched

ROSTER = "student_id,course_code,presentation,status\n"
TABLE = Enrollment._meta.db_table


def reconciled(*tables: str) -> str:
    """What the command says; raises CommandError as it does."""
    output = io.StringIO()
    call_command("audit_reconcile", *(f"--table={name}" for name in tables), stdout=output)
    return output.getvalue()


@pytest.fixture
def enrolled(courses: dict[str, Course], student: Any) -> list[Enrollment]:
    """Three students in a course."""
    people = [student(f"s10{number}") for number in range(3)]
    return [Enrollment.objects.create(course=courses["BIO101"], student=one) for one in people]


def test_after_a_day_of_every_sort_of_change_every_table_is_as_recorded(demo: None, student: Any):
    registrar = User.objects.get(username="registrar")
    course = Course.objects.create(code="NEW1", presentation="2026J", slug="new1")
    Course.objects.create(code="NEW2", presentation="2026J", slug="new2")
    for number in (1, 2):
        student(f"n100{number}")
    for lines in ("n1001,NEW2,2026J,active\nn1002,NEW2,2026J,active", "n1001,NEW2,2026J,failed"):
        file = io.BytesIO(f"{ROSTER}{lines}\n".encode())
        batch = preview(receive(file, "roster.csv", registrar, kind="enrollments"))
        apply(batch, batch.digest, registrar)
    Enrollment.objects.update(progress_percent=F("progress_percent") / 2)
    AssessmentSubmission.objects.filter(score__gt=1).update(score=F("score") - 1)
    modules = (CourseModule(course=course, position=n, title=f"Week {n}") for n in (1, 2))
    CourseModule.objects.bulk_create(modules)
    course.modules.all().delete()
    course.delete()
    last = User.objects.create_user("last", role="auditor", is_staff=True)
    last.groups.clear()
    last.delete()
    output = reconciled()
    assert f"{TABLE}: {Enrollment.objects.count():,} rows, all as recorded\n" in output
    assert output.endswith(f" rows of {len(audited_models())} tables are what the record says.\n")


def test_an_altered_row_is_found_with_its_columns(enrolled: list[Enrollment]):
    with unwatched():
        Enrollment.objects.filter(pk=enrolled[1].pk).update(status="failed", final_grade=12)
    comparison = compare(Enrollment, 20)
    assert (comparison.rows, comparison.differing) == (3, 1)
    assert [str(each) for each in comparison.first] == [
        f"row {enrolled[1].pk}: was altered past the record in status, final_grade"
    ]


def test_a_row_that_was_taken_away_is_found(enrolled: list[Enrollment]):
    with unwatched():
        Enrollment.objects.filter(pk=enrolled[0].pk).delete()
    mismatches = [str(each) for each in compare(Enrollment, 20).first]
    message = "is gone, and the record does not say that it was deleted"
    assert mismatches == [f"row {enrolled[0].pk}: {message}"]


def test_a_row_that_was_put_in_is_found(enrolled: list[Enrollment], student: Any):
    person = student("s2001")
    with unwatched():
        row = Enrollment.objects.create(course=enrolled[0].course, student=person)
    mismatches = [str(each) for each in compare(Enrollment, 20).first]
    assert mismatches == [f"row {row.pk}: is there, and the record knows of no such row"]


def test_a_row_that_was_deleted_and_put_back_past_the_record_is_found(enrolled: list[Enrollment]):
    row = enrolled[2]
    copy = Enrollment(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    row.delete()
    with unwatched():
        copy.save(force_insert=True)
    mismatches = [str(each) for each in compare(Enrollment, 20).first]
    assert mismatches == [f"row {copy.pk}: is there, and the record knows of no such row"]


def test_the_command_names_the_first_rows_and_counts_all(enrolled: list[Enrollment]):
    with unwatched():
        Enrollment.objects.update(status="failed")
    output = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("audit_reconcile", f"--table={TABLE}", "--limit=2", stdout=output)
    assert output.getvalue() == (
        f"{TABLE}: 3 rows, 3 not as recorded\n"
        f"  row {enrolled[0].pk}: was altered past the record in status\n"
        f"  row {enrolled[1].pk}: was altered past the record in status\n"
    )
    assert str(refused.value) == "3 rows are not what the record says."
    assert refused.value.returncode == 1


@pytest.mark.django_db
def test_what_cannot_be_compared_is_another_answer():
    with pytest.raises(CommandError) as refused:
        reconciled("users_enrolment")
    assert str(refused.value) == "No audited table is called users_enrolment."
    assert refused.value.returncode == 2
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {Enrollment.history.model._meta.db_table} RENAME TO away")
    with pytest.raises(CommandError, match=f"^{TABLE} could not be compared: ") as refused:
        reconciled(TABLE)
    assert refused.value.returncode == 2


def test_a_table_without_rows_is_as_recorded(courses: dict[str, Course]):
    assert reconciled(TABLE) == (
        f"{TABLE}: 0 rows, all as recorded\n0 rows of 1 tables are what the record says.\n"
    )
